"""ONNX graphs: a thin builder, a table of gradient rules, and a walk backwards. Knows nothing of style transfer."""

from nst_onnx.graph.builder import Graph
from nst_onnx.graph.gradient import gradient

__all__ = ["Graph", "gradient"]
