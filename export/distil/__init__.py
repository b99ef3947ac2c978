"""Distillation of a compact feature extractor from VGG (needs PyTorch)."""
