"""The preconditioner: low frequencies go further than a gradient says, as smooth pictures need."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

EXPONENT = 0.75
FINEST = 1 / 8  # cycles per pixel; the gradient's own spectrum is flat or falls from here on
COARSEST = 1 / 256  # cycles per pixel; below, a picture of usual size has no more than a few waves
MOST_WAVES = 512  # of the cosine basis along one side; the products' cost grows with it


class Smoothing:
    """P = I + Cᵀ (W − I) C on each colour of a picture: symmetric, positive definite, never below I.

    C takes the lowest frequencies of the orthonormal cosine transform (DCT-II) along both axes, those
    below `finest`; W multiplies each by (finest / f)^exponent, f in cycles per pixel, held at `coarsest`.
    The rest passes as it is. Two thin matrix products forwards and two back: cheaper than a whole
    transform, the same for any size, and a few MatMul on any device.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        *,
        exponent: float = EXPONENT,
        finest: float = FINEST,
        coarsest: float = COARSEST,
    ) -> None:
        """`shape`: (H, W) of the picture whose colours H×W lie one after the other in a vector."""
        self.shape = shape
        self.rows, self.columns = (cosines(n, min(math.ceil(2 * n * finest), MOST_WAVES)) for n in shape)
        f = np.hypot(*np.ix_(*(np.arange(len(c)) / (2 * n) for c, n in self._axes)))
        self.gain = np.asarray(np.maximum((finest / np.maximum(f, coarsest)) ** exponent - 1, 0), np.float32)

    @property
    def _axes(self) -> list[tuple[Array, int]]:
        return list(zip((self.rows, self.columns), self.shape, strict=True))

    def __call__(self, vector: Array) -> Array:
        """Return P v, a new array, for the vector (k·H·W,) of a picture."""
        planes = vector.reshape(-1, *self.shape)
        waves = self.gain * (self.rows @ planes @ self.columns.T)
        smooth = (self.rows.T @ waves @ self.columns).astype(np.float32, copy=False)
        smooth += planes
        return smooth.reshape(-1)


def cosines(size: int, count: int) -> Array:
    """Return the first `count` vectors of the orthonormal DCT-II basis, as rows of `size`."""
    count = max(1, min(count, size))
    angles = np.pi / size * np.outer(np.arange(count), np.arange(size) + 0.5)
    basis = np.sqrt(2 / size) * np.cos(angles)
    basis[0] = np.sqrt(1 / size)
    rounded: Array = basis.astype(np.float32)
    return rounded
