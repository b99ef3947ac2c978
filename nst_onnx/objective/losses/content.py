"""The content loss: squared differences between features F of the picture and P of the content.

Every published form is a factor on Σ (F − P)²; a normalisation returns that factor.
"""

from __future__ import annotations

from nst_onnx.graph import Graph
from nst_onnx.objective.losses.normalisation import Layer


def statistic(g: Graph, features: str, mask: str | None = None) -> str:
    """Return what is compared: the features themselves, 1×C×H×W.

    `mask` (1×1×H×W, 0..1): how much each position's squared difference counts; None counts all alike.
    """
    return features if mask is None else g.op("Mul", features, g.op("Sqrt", mask))


def gatys2015(layer: Layer) -> float:
    """½ Σ (F − P)². Gatys, Ecker & Bethge 2015 (arXiv:1508.06576), eq. 1."""
    return 0.5


def quarter_mean(layer: Layer) -> float:
    """Σ (F − P)² / (4 N M): the course's and log0's."""
    return 1 / (4 * layer.channels * layer.positions)


def total(layer: Layer) -> float:
    """Σ (F − P)²: Narayanan's."""
    return 1.0


def mean(layer: Layer) -> float:
    """Σ (F − P)² / (N M): neural-style's (torch's MSELoss)."""
    return 1 / (layer.channels * layer.positions)


def relative(layer: Layer) -> float:
    """Σ (F − P)² / Σ P²: our own, the same for any size and network. 0 where there is nothing to match."""
    return layer.relative
