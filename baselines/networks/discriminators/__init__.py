"""What judges pictures while a generator learns."""
