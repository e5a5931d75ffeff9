"""Batches as functions of their step: from built datasets, clean folders, unpaired folders."""
