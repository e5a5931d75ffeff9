"""Training runs as typed values: each paper's full recipe with its citation."""
