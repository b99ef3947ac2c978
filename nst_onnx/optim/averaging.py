"""Running average of the iterates."""

from __future__ import annotations

import numpy as np

from nst_onnx.optim.optimiser import Vector
from nst_onnx.support import disk_arrays


class Average:
    """Exponential moving average with bias correction (Polyak averaging; Kingma & Ba 2015, section 7.2).

    It removes the noise of the last steps. `decay` in 0..1 (below 1); 0 returns the last iterate.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.sum: Vector | None = None
        self.weight = 0.0

    def add(self, x: Vector) -> None:
        """Add the next iterate."""
        decay, gain = np.float32(self.decay), np.float32(1 - self.decay)
        before, self.sum = self.sum, disk_arrays.zeros_like(x)
        for chunk in disk_arrays.chunks(x.size):
            old = np.float32(0) if before is None else decay * before[chunk]
            self.sum[chunk] = old + gain * x[chunk]
            disk_arrays.release(self.sum, x, *([] if before is None else [before]))
        self.weight = self.decay * self.weight + (1 - self.decay)

    @property
    def value(self) -> Vector:
        """The average so far. Raises ValueError before the first iterate."""
        if self.sum is None:
            raise ValueError("nothing to average yet")
        value = disk_arrays.zeros_like(self.sum)
        for chunk in disk_arrays.chunks(value.size):
            np.divide(self.sum[chunk], np.float32(self.weight), out=value[chunk])
            disk_arrays.release(value, self.sum)
        return value
