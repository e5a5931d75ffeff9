"""Where benchmark sets lie: finding, reading and checking their files."""
