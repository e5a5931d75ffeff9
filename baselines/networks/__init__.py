"""The networks: one paper per file, each declared in `table.NETWORKS`."""
