"""Diagonal preconditioner in DCT space; gains per octave and colour are estimated from the first 48 pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.optim.optimiser import SavedState, State
from nst_onnx.optim.space import HostSpace, Space
from nst_onnx.optim.threads import parallel_map, split_in_two
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers

FINEST = 1 / 8  # cycles per pixel; above, the ratio of steps to gradient differences is about constant
COARSEST = 1 / 256  # cycles per pixel; below, a picture of usual size has only a few coefficients
EXPONENT = 0.5  # of 1/f: the initial gain
MAX_COEFFICIENTS = 512  # of the DCT along one side; the cost of the products is proportional
UPDATES = (4, 16, 48)  # pairs after which the gains are updated; the last one ends the estimation
PRIOR = 1e-4  # weight of the initial gain, relative to one pair's energy in each band

# Orthonormal opponent colours: lightness, red − blue, green − both.
OPPONENTS = np.linalg.qr(np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], np.float64).T)[0].T.astype(np.float32)


class Preconditioner:
    """P = I + Cᵀ E C with E = W − I, on an RGB picture: symmetric, positive definite, diagonal in DCT space.

    C: the picture's opponent colours, then the lowest frequencies (below `FINEST`) of the orthonormal DCT-II
    along both axes. W: the diagonal matrix of their gains. Higher frequencies keep a gain of 1. C and Cᵀ are
    two thin matrix products each: cheaper than a full transform, and the same for any size.

    The initial gain is (FINEST / f)^½, an estimate follows: of all diagonal matrices D, d² = Σ s² / Σ y²
    aligns the steps D^-½ s best with the gradient differences D^½ y. The sums are over the first pairs, with
    s and y scaled to unit length, in each octave of frequency and each opponent colour.
    """

    def __init__(self, shape: tuple[int, int], *, on_disk: bool = False) -> None:
        """`shape`: (H, W) of the picture; a vector holds its three planes H×W, one after the other.

        `on_disk`: whether results are memory-mapped files.
        """
        self.shape, self._pool = shape, disk_arrays.ArrayPool((3, *shape), on_disk=on_disk)
        self._rows, self._columns = (
            dct_basis(n, min(math.ceil(2 * n * FINEST), MAX_COEFFICIENTS)) for n in shape
        )
        axes = (np.arange(len(c)) / (2 * n) for c, n in zip((self._rows, self._columns), shape, strict=True))
        self.space: Space[Array] = HostSpace(3 * len(self._rows) * len(self._columns), on_disk=on_disk)
        """Space of the DCT coefficients: 3 opponent colours × vertical × horizontal frequencies."""
        octave = np.log2(np.maximum(np.hypot(*np.ix_(*axes)), COARSEST) / COARSEST).reshape(-1)
        knots = np.arange(math.ceil(octave.max()) + 1)
        # Linear interpolation over octaves: the weights of each coefficient add up to 1.
        self._bands = np.maximum(1 - np.abs(octave - knots[:, None]), 0).astype(np.float32)
        start = np.maximum(FINEST / COARSEST / 2.0**knots, 1.0) ** EXPONENT
        # Energies of steps and of gradient differences in each band of each colour, and above `FINEST`.
        self._energies: Numbers = PRIOR * np.stack([[start] * 3, [1 / start] * 3])
        self._rest: Numbers = np.full(2, PRIOR)
        self._count = 0
        self.update_gain()

    def __call__(self, vector: Array) -> Array:
        """Return P v, a new array."""
        return self.add_inverse_dct(vector, self.apply_excess_gain(self.dct(vector)))

    @property
    def estimating(self) -> bool:
        """True while gains are still being estimated."""
        return self._count < UPDATES[-1]

    def add_pair(self, s: Array, y: Array, squares: tuple[float, float]) -> bool:
        """Add a pair to the estimate: the coefficients of s and y, and s·s and y·y of the vectors themselves.

        Return whether `update_gain` is due.
        """
        for i, coefficients in enumerate((s, y)):
            energy = np.square(coefficients).reshape(3, -1) @ self._bands.T / squares[i]
            self._energies[i] += energy
            self._rest[i] += max(1 - energy.sum(), 0)
        self._count += 1
        return self._count in UPDATES

    def warm_start(self, state: SavedState) -> None:
        """Start from the estimate of a preconditioner of another size, if it had enough pairs for an update.

        Octaves are counted from the same frequency in cycles per pixel, so bands correspond.
        """
        if int(state["count"]) < UPDATES[0]:
            return
        bands = min(self._energies.shape[-1], state["energies"].shape[-1])
        self._energies[..., :bands] = state["energies"][..., :bands]
        self._rest = np.array(state["rest"])
        self._count = UPDATES[0]
        self.update_gain()

    def update_gain(self) -> None:
        """Set the gains to their estimate."""
        steps, changes = np.log(self._energies)
        rest = np.log(self._rest[0] / self._rest[1])
        gain = np.exp((steps - changes - rest) / 2 @ self._bands)
        self._set_gain(gain.reshape(3, len(self._rows), len(self._columns)))

    def dct(self, vector: Array) -> Array:
        """Return C v: the lowest DCT coefficients of the opponent colours, as a vector of `space`."""
        colours = vector.reshape(3, *self.shape)

        def partial_sum(part: slice) -> Array:
            coefficients = np.zeros((3, len(self._rows), len(self._columns)), np.float32)
            for columns in _strips(part, 12 * len(self._rows)):
                down = np.zeros((3, len(self._rows), columns.stop - columns.start), np.float32)
                for rows in _strips(slice(0, self.shape[0]), 12 * self.shape[1]):
                    down += self._rows[:, rows] @ colours[:, rows, columns]
                    disk_arrays.release(vector)
                coefficients += down @ self._columns[:, columns].T
            return coefficients

        rgb: Any = sum(parallel_map(partial_sum, split_in_two(self.shape[1], vector.size)))
        opponents: Array = OPPONENTS @ rgb.reshape(3, -1)
        return opponents.reshape(-1)

    def apply_excess_gain(self, coefficients: Array) -> Array:
        """Return E w, E = W − I: each coefficient times its gain − 1."""
        return self._excess * coefficients

    def add_inverse_dct(self, vector: Array, coefficients: Array) -> Array:
        """Return v + Cᵀ w, a new array."""
        rgb = (OPPONENTS.T @ coefficients.reshape(3, -1)).reshape(3, len(self._rows), len(self._columns))
        colours = vector.reshape(3, *self.shape)
        total = self._pool.empty()
        across = rgb @ self._columns

        def fill(part: slice) -> None:
            for rows in _strips(part, 12 * self.shape[1]):
                np.matmul(self._rows.T[rows], across, out=total[:, rows])
                total[:, rows] += colours[:, rows]
                disk_arrays.release(total, vector)

        parallel_map(fill, split_in_two(self.shape[0], vector.size))
        return total.reshape(-1)

    def state(self) -> State:
        """Return the estimate and the gains in use."""
        return {
            "energies": self._energies.copy(),
            "rest": self._rest.copy(),
            "gain": self.gain.copy(),
            "count": np.asarray(self._count, np.float64),
        }

    def restore(self, state: SavedState) -> None:
        """Resume from a `state`."""
        self._energies, self._rest = np.array(state["energies"]), np.array(state["rest"])
        self._count = int(state["count"])
        self._set_gain(state["gain"])

    def _set_gain(self, gain: npt.NDArray[np.floating]) -> None:
        """Set the gain of every DCT coefficient, 3×m×n."""
        self.gain = np.array(gain, np.float32)
        self._excess = (self.gain - 1).reshape(-1)


def _strips(part: slice, row_bytes: int) -> Iterator[slice]:
    """Yield the strips that make up a slice of rows or columns of `row_bytes` each."""
    for strip in disk_arrays.strips(part.stop - part.start, row_bytes):
        yield slice(part.start + strip.start, part.start + strip.stop)


def dct_basis(size: int, count: int) -> Array:
    """Return the first `count` vectors of the orthonormal DCT-II basis, as rows of `size`."""
    count = max(1, min(count, size))
    angles = np.pi / size * np.outer(np.arange(count), np.arange(size) + 0.5)
    basis = np.sqrt(2 / size) * np.cos(angles)
    basis[0] = np.sqrt(1 / size)
    rounded: Array = basis.astype(np.float32)
    return rounded
