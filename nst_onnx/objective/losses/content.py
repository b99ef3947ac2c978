"""The content loss: squared differences between features F of the picture and P of the content.

Every published form is a factor on Σ (F − P)²; a normalisation returns that factor.
"""

from __future__ import annotations

from nst_onnx.objective.losses.loss import PositionwiseLoss
from nst_onnx.objective.losses.normalisation import Layer, relative

LOSS = PositionwiseLoss(name="content", normalisation=relative)


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
