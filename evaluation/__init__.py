"""Protocols, benchmarks, metrics and reports: how a model is judged."""
