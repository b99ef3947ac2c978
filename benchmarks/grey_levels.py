"""Where PyTorch's users optimise: grey levels around the network's mean colour, in its channel order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from nst_onnx.support.arrays import Array


@dataclass(frozen=True)
class GreyLevels:
    """The map between public pictures 1×3×H×W (RGB, 0..1) and what a network of Caffe's kind sees."""

    order: str
    mean: tuple[float, float, float]

    @classmethod
    def of(cls, order: str, scale: float, mean: tuple[float, float, float], std: tuple[float, ...]) -> Self:
        """Return the map for a network's preprocessing. ValueError: it is not of Caffe's kind."""
        if scale != 255 or set(std) != {1.0}:
            raise ValueError("the reference knows networks in grey levels only (scale 255, no division)")
        return cls(order, mean)

    def levels(self, picture: Array) -> Array:
        """Return what the network sees of a picture."""
        return self._ordered(picture) * np.float32(255) - self._mean

    def picture(self, levels: Array) -> Array:
        """Return the picture of which the network sees this."""
        return self._ordered((levels + self._mean) / np.float32(255))

    def slope(self, gradient: Array) -> Array:
        """Return the gradient with respect to the levels from that with respect to the picture."""
        return self._ordered(gradient) / np.float32(255)

    def picture_slope(self, gradient: Array) -> Array:
        """Return the gradient with respect to the picture from that with respect to the levels."""
        return self._ordered(gradient) * np.float32(255)

    @property
    def _mean(self) -> Array:
        return np.asarray(self.mean, np.float32)[:, None, None]

    def _ordered(self, array: Array) -> Array:
        return np.ascontiguousarray(array[:, ::-1] if self.order == "BGR" else array)
