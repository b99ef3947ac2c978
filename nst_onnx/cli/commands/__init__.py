"""The commands of `nst-onnx`, one file each."""
