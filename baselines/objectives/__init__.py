"""What is learned from: turns of networks and the terms that each minimises, one paper a file."""
