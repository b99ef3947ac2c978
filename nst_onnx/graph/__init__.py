"""ONNX graphs: a thin builder, a table of gradient rules, reverse-mode differentiation, graph passes.

Nothing here depends on style transfer.
"""

from nst_onnx.graph.builder import Graph
from nst_onnx.graph.gradient import gradient

__all__ = ["Graph", "gradient"]
