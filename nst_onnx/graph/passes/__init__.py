"""Graph passes: from one ONNX graph to an equivalent one that suits a purpose better."""
