"""Operators, draws, recipes, images, colour and resize: what is done to one picture."""
