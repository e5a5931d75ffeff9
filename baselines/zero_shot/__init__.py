"""Restoration that needs no training set: a network fitted to the one picture (survey 4.1, 4.3)."""
