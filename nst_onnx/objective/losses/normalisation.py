"""Normalisations: factors on a loss's distance, from facts of the layer and the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """The facts of one layer for the picture being painted; for losses on pixels, of the picture itself.

    `channels`: N_l (C in some sources). `positions`: M_l = H·W of the layer's feature map.
    `pixels`: H·W of the picture. `energy`: the sum of the target's squares.
    """

    channels: int
    positions: float
    pixels: int
    energy: float

    @property
    def relative(self) -> float:
        """One over the energy; 0 where the target is nothing but rounding errors."""
        return 1 / self.energy if self.energy > 1e-12 else 0.0


Normalisation = Callable[[Layer], float]
"""From a layer's facts to the factor on a distance."""


def relative(layer: Layer) -> float:
    """Σ (x − t)² / Σ t²: our own, the same for any size and network. 0 where there is nothing to match."""
    return layer.relative


RELIABLE = 8.0
"""Positions per channel from which on a statistic describes texture rather than layout."""


def relative_by_positions(layer: Layer) -> float:
    """`relative`, less where a layer has few positions for its channels: our own.

    A C×C statistic of few positions leaves no choice where each feature lies: it describes the layout of the
    painting, not its texture. The factor is M / (8 C), at most 1.
    """
    return layer.relative * min(1.0, layer.positions / (RELIABLE * layer.channels))


def relative_by_area(layer: Layer) -> float:
    """`relative`, times the pixels per position over 16: our own.

    The few positions of a deep layer stand for the same picture as the many of a shallow one.
    """
    return layer.relative * layer.pixels / (16 * layer.positions)


def unscaled(layer: Layer) -> float:
    """1: the distance as published."""
    return 1.0
