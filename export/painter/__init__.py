"""Training of the feed-forward painter (needs PyTorch)."""
