"""Adam: first-order steps scaled by running moments of the gradient."""

from __future__ import annotations

import numpy as np

from nst_onnx.optim.optimiser import SavedState, State, Vector
from nst_onnx.support import disk_arrays


class Adam:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1), with bias correction.

    `learning_rate` is the length of a typical step, in units of x. β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
    Where `x` is memory-mapped, so are the moments.
    """

    def __init__(
        self,
        x: Vector,
        *,
        learning_rate: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.x = x
        self.learning_rate, self.beta1, self.beta2, self.epsilon = learning_rate, beta1, beta2, epsilon
        self._mean, self._square, self._count = disk_arrays.zeros_like(x), disk_arrays.zeros_like(x), 0

    def tell(self, loss: float, gradient: Vector) -> None:
        """Receive the gradient at `x`, and take one step."""
        self._count += 1
        rate = self.learning_rate / (1 - self.beta1**self._count)
        before, self.x = self.x, disk_arrays.zeros_like(self.x)
        for chunk in disk_arrays.chunks(before.size):
            slope, mean, square = gradient[chunk], self._mean[chunk], self._square[chunk]
            mean += np.float32(1 - self.beta1) * (slope - mean)
            square += np.float32(1 - self.beta2) * (slope * slope - square)
            root = np.sqrt(square / np.float32(1 - self.beta2**self._count))
            self.x[chunk] = before[chunk] - np.float32(rate) * mean / (root + np.float32(self.epsilon))
            disk_arrays.release(self.x, before, self._mean, self._square, gradient)

    def accept_next(self) -> None:
        """Do nothing: no step depends on the loss."""

    def state(self) -> State:
        """Return everything that the next steps depend on."""
        count = np.asarray(self._count, np.float64)
        return {"x": self.x.copy(), "mean": self._mean.copy(), "square": self._square.copy(), "count": count}

    def restore(self, state: SavedState) -> None:
        """Resume from a `state`."""
        self.x, self._count = np.array(state["x"]), int(state["count"])
        self._mean, self._square = np.array(state["mean"]), np.array(state["square"])
