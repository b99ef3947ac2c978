"""ONNX graphs: a thin builder, a table of gradient rules, a walk backwards. Nothing here knows of style."""

from nst_onnx.graph.builder import Graph
from nst_onnx.graph.gradient import gradient

__all__ = ["Graph", "gradient"]
