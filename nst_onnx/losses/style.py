"""The style loss: squared differences between Gram matrices.

With F the features of a layer as a C×M matrix, G = F Fᵀ is the Gram matrix (Gatys, Ecker & Bethge 2015,
eq. 3). What is compared is g = G/M and a = A/M_s, the means over positions, so that pictures of different
sizes can be compared; where both have the same size, each factor below gives its source's formula
in terms of G and A exactly.
"""

from __future__ import annotations

from onnx import TensorProto

from nst_onnx.graph import Graph
from nst_onnx.losses.layer import Layer


def statistic(g: Graph, features: str, mask: str | None = None) -> str:
    """Return the Gram matrix per position, C×C, of features 1×C×H×W.

    `mask` (1×1×H×W, 0..1): how much each position counts; None counts all alike.
    """
    if mask is not None:
        features = g.op("Mul", features, g.op("Sqrt", mask))
    matrix = g.op("Flatten", features, axis=2)
    gram = g.op("Gemm", matrix, matrix, transB=1)
    if mask is not None:
        # A spot smaller than a layer's positions may fall between them: then nothing of it is seen there.
        positions = g.op("Max", g.op("ReduceSum", mask, keepdims=0), g.constant(1e-6))
    else:
        positions = g.op("Cast", g.op("Shape", matrix, start=1), to=TensorProto.FLOAT)
    return g.op("Mul", gram, g.op("Div", g.constant(1.0), positions))


def gatys2015(layer: Layer) -> float:
    """Σ (G − A)² / (4 N² M²), eq. 4; also the course's and log0's."""
    return 1 / (4 * layer.channels**2)


def narayanan(layer: Layer) -> float:
    """Σ (G − A)² / (4 · 3² · (W H)²), with the picture's own 3 channels and W×H pixels."""
    return (layer.positions / layer.pixels) ** 2 / (4 * 3**2)


def neural_style(layer: Layer) -> float:
    """mean (G/(C H W) − A/(C H W))²: neural-style-pt's."""
    return 1 / layer.channels**4


def relative(layer: Layer) -> float:
    """Σ (g − a)² / Σ a²: our own, the same for any size and network. 0 where there is nothing to match."""
    return layer.relative
