"""Rules of quantisation: the gradient passes straight through, as that of a staircase is 0 or undefined.

The straight-through estimator (Bengio, Léonard & Courville 2013, "Estimating or propagating gradients through
stochastic neurons for conditional computation", arXiv:1308.3432).
"""

from __future__ import annotations

import onnx

from nst_onnx.graph.builder import Graph
from nst_onnx.graph.rules.registry import rule

OPERATORS = ("QuantizeLinear", "DequantizeLinear")


@rule(*OPERATORS)
def straight_through(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str | None:
    """y = round(x / scale) scale, taken as y = x."""
    return dy if index == 0 else None
