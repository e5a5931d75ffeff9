"""Losses: plain functions of an output and its target, and the frozen VGG19 that some use."""
