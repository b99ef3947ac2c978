"""The models and constants of the page: `nst-onnx export web`."""
