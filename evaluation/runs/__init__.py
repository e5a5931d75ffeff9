"""Runs: rows, scores, summaries, printed figures."""
