"""Near-duplicate pictures between two sets."""
