"""A running average of iterates."""

from __future__ import annotations

import numpy as np

from nst_onnx.optim.optimiser import Vector
from nst_onnx.support import disk_arrays


class Average:
    """Exponential moving average with bias correction (Polyak averaging; Kingma & Ba 2015, section 7.2).

    Smooths the last steps' noise away. `decay` in 0..1 (below 1); 0 keeps just the last point.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.sum: Vector | None = None
        self.weight = 0.0

    def add(self, x: Vector) -> None:
        """Take in the next point."""
        keep, share = np.float32(self.decay), np.float32(1 - self.decay)
        before, self.sum = self.sum, disk_arrays.beside(x)
        for piece in disk_arrays.pieces(x.size):
            old = np.float32(0) if before is None else keep * before[piece]
            self.sum[piece] = old + share * x[piece]
            disk_arrays.release(self.sum, x, *([] if before is None else [before]))
        self.weight = self.decay * self.weight + (1 - self.decay)

    @property
    def value(self) -> Vector:
        """The average so far. Raises ValueError before the first point."""
        if self.sum is None:
            raise ValueError("nothing to average yet")
        value = disk_arrays.beside(self.sum)
        for piece in disk_arrays.pieces(value.size):
            np.divide(self.sum[piece], np.float32(self.weight), out=value[piece])
            disk_arrays.release(value, self.sum)
        return value
