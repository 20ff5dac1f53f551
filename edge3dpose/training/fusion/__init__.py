"""Networks joined to one, without training."""
