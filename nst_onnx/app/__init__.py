"""`nst-onnx app`: the page on this computer, painted by the worker process. Needs the extra [app]."""
