"""Metrics: what each is, and its arithmetic."""
