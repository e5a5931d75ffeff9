"""Restormer: the network, and its faster way on a processor."""
