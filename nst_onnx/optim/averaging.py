"""A running average of iterates."""

from __future__ import annotations

import numpy as np

from nst_onnx.optim.optimiser import Vector


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
        share = np.float32(1 - self.decay)
        self.sum = share * x if self.sum is None else np.float32(self.decay) * self.sum + share * x
        self.weight = self.decay * self.weight + (1 - self.decay)

    @property
    def value(self) -> Vector:
        """The average so far. Raises ValueError before the first point."""
        if self.sum is None:
            raise ValueError("nothing to average yet")
        return self.sum / np.float32(self.weight)
