"""Making feature extractors: from Keras models, from weight files, and by distillation.

Nothing in ``nst_onnx`` depends on this package; the wheel carries it as ``nst_onnx.export``.
"""
