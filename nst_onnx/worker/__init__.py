"""Entry point of the editors' engine: ``python -m nst_onnx.worker`` (see `nst_onnx.editors.worker`)."""
