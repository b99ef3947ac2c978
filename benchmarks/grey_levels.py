"""The domain of the PyTorch reference: grey levels minus the network's mean colour, in its channel order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from nst_onnx.support.arrays import Array


@dataclass(frozen=True)
class GreyLevels:
    """The map between public pictures 1×3×H×W (RGB, 0..1) and the input of a Caffe-style network."""

    order: str
    mean: tuple[float, float, float]

    @classmethod
    def of(cls, order: str, scale: float, mean: tuple[float, float, float], std: tuple[float, ...]) -> Self:
        """Return the map for a network's preprocessing. Raises ValueError for others than Caffe's."""
        if scale != 255 or set(std) != {1.0}:
            raise ValueError("the reference supports networks in grey levels only (scale 255, no division)")
        return cls(order, mean)

    def levels(self, picture: Array) -> Array:
        """Return the network's input for a picture."""
        return self._ordered(picture) * np.float32(255) - self._mean

    def picture(self, levels: Array) -> Array:
        """Return the picture of a network input."""
        return self._ordered((levels + self._mean) / np.float32(255))

    def levels_gradient(self, gradient: Array) -> Array:
        """Return the gradient with respect to the levels from that with respect to the picture."""
        return self._ordered(gradient) / np.float32(255)

    def picture_gradient(self, gradient: Array) -> Array:
        """Return the gradient with respect to the picture from that with respect to the levels."""
        return self._ordered(gradient) * np.float32(255)

    @property
    def _mean(self) -> Array:
        return np.asarray(self.mean, np.float32)[:, None, None]

    def _ordered(self, array: Array) -> Array:
        return np.ascontiguousarray(array[:, ::-1] if self.order == "BGR" else array)
