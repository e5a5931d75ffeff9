"""What a run says of itself: log, curves, validations, model files, sheets, divergence, profile."""
