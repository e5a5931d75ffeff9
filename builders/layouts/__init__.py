"""Official folder layouts of published sets, and pairing by name."""
