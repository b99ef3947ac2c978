"""Graph passes: transform an ONNX graph into an equivalent one that needs less memory, time or features."""
