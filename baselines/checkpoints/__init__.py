"""Checkpoints: ours and those of papers' authors, read, told apart, described, mixed, exported."""
