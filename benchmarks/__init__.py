"""How fast nst-onnx is, as ratios to PyTorch measured in the same run: ``python -m benchmarks``."""
