"""Networks, losses, objectives and training: the bundled baselines."""
