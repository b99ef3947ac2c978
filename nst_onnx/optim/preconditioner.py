"""The preconditioner: low frequencies go further than a gradient says, each as the run itself teaches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.optim.optimiser import State
from nst_onnx.optim.space import Host
from nst_onnx.optim.threads import halves, side_by_side
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers

FINEST = 1 / 8  # cycles per pixel; from here on steps and gradient changes keep about the same ratio
COARSEST = 1 / 256  # cycles per pixel; below, a picture of usual size has no more than a few waves
EXPONENT = 0.5  # of 1/f, before anything has been learnt
MOST_WAVES = 512  # of the cosine basis along one side; the products' cost grows with it
_LESSONS = (4, 16, 48)  # pairs after which P changes; then nothing more is learnt
_PRIOR = 1e-4  # how much the start counts, as a share of one pair's energy in each band

# Orthonormal opponent colours: light, red against blue, green against both.
OPPONENTS = np.linalg.qr(np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], np.float64).T)[0].T.astype(np.float32)


class Preconditioner:
    """P = I + Cᵀ E C, E = W − I, on a picture in RGB: symmetric, positive definite.

    C takes the picture's opponent colours to the lowest frequencies of the orthonormal cosine transform
    (DCT-II) along both axes, those below `FINEST`; W multiplies each. The rest passes as it is. Two thin
    matrix products forwards and two back: cheaper than a whole transform, and the same for any size.

    W begins as (FINEST / f)^½ and is learnt: of all diagonal matrices D the one that brings steps D^-½ s
    and gradient changes D^½ y closest to each other's direction has d² = Σ s² / Σ y². The sums go over the
    first pairs, each pair's vectors at unit length, in each octave of frequencies of each colour.
    """

    def __init__(self, shape: tuple[int, int], *, on_disk: bool = False) -> None:
        """`shape`: (H, W) of the picture whose three colours H×W lie one after the other in a vector.

        `on_disk`: where results go.
        """
        self.shape, self._room = shape, disk_arrays.Room((3, *shape), on_disk=on_disk)
        self._rows, self._columns = (cosines(n, min(math.ceil(2 * n * FINEST), MOST_WAVES)) for n in shape)
        axes = (np.arange(len(c)) / (2 * n) for c, n in zip((self._rows, self._columns), shape, strict=True))
        self.space: Any = Host(3 * len(self._rows) * len(self._columns), on_disk=on_disk)
        """Where waves are: 3 opponent colours × waves down × waves across, as one vector."""
        octave = np.log2(np.maximum(np.hypot(*np.ix_(*axes)), COARSEST) / COARSEST).reshape(-1)
        knots = np.arange(math.ceil(octave.max()) + 1)
        # Linear interpolation over octaves: what the bands have of a wave adds up to 1.
        self._bands = np.maximum(1 - np.abs(octave - knots[:, None]), 0).astype(np.float32)
        start = np.maximum(FINEST / COARSEST / 2.0**knots, 1.0) ** EXPONENT
        # Energies of steps and of gradient changes, in each band of each colour; and all that is finer.
        self._energies: Numbers = _PRIOR * np.stack([[start] * 3, [1 / start] * 3])
        self._rest: Numbers = np.full(2, _PRIOR)
        self._count = 0
        self.relearn()

    def __call__(self, vector: Array) -> Array:
        """Return P v, a new array."""
        return self.plus(vector, self.weigh(self.waves(vector)))

    @property
    def learns(self) -> bool:
        """Whether it still does."""
        return self._count < _LESSONS[-1]

    def learn(self, s: Any, y: Any, squares: tuple[float, float]) -> bool:
        """Take in the waves of a step and of its gradient change, and s·s and y·y of the vectors themselves.

        Return whether it is time to `relearn`.
        """
        for i, waves in enumerate((s, y)):
            energy = np.square(waves).reshape(3, -1) @ self._bands.T / squares[i]
            self._energies[i] += energy
            self._rest[i] += max(1 - energy.sum(), 0)
        self._count += 1
        return self._count in _LESSONS

    def warm_start(self, learnt: Mapping[str, npt.NDArray[Any]]) -> None:
        """Begin with what one of another size has learnt (its `state`), if P has changed there at all.

        Octaves are counted from the same frequency in cycles per pixel, so they mean the same.
        """
        if int(learnt["count"]) < _LESSONS[0]:
            return
        bands = min(self._energies.shape[-1], learnt["energies"].shape[-1])
        self._energies[..., :bands] = learnt["energies"][..., :bands]
        self._rest = np.array(learnt["rest"])
        self._count = _LESSONS[0]
        self.relearn()

    def relearn(self) -> None:
        """Change P to what has been learnt."""
        steps, changes = np.log(self._energies)
        rest = np.log(self._rest[0] / self._rest[1])
        gain = np.exp((steps - changes - rest) / 2 @ self._bands)
        waves = len(self._rows), len(self._columns)
        self._set_gain(gain.reshape(3, *waves))

    def waves(self, vector: Array) -> Array:
        """Return C v, as a vector."""
        colours = vector.reshape(3, *self.shape)

        def seen(half: slice) -> Array:
            waves = np.zeros((3, len(self._rows), len(self._columns)), np.float32)
            for columns in _strips(half, 12 * len(self._rows)):
                down = np.zeros((3, len(self._rows), columns.stop - columns.start), np.float32)
                for rows in _strips(slice(0, self.shape[0]), 12 * self.shape[1]):
                    down += self._rows[:, rows] @ colours[:, rows, columns]
                    disk_arrays.release(vector)
                waves += down @ self._columns[:, columns].T
            return waves

        waves: Any = sum(side_by_side(seen, halves(self.shape[1], vector.size)))
        opponents: Array = OPPONENTS @ waves.reshape(3, -1)
        return opponents.reshape(-1)

    def weigh(self, waves: Array) -> Array:
        """Return E w for E = W − I."""
        return self._excess * waves

    def plus(self, vector: Array, waves: Array) -> Array:
        """Return v + Cᵀ w, a new array."""
        mixed = (OPPONENTS.T @ waves.reshape(3, -1)).reshape(3, len(self._rows), len(self._columns))
        colours = vector.reshape(3, *self.shape)
        smooth = self._room.empty()
        across = mixed @ self._columns

        def fill(half: slice) -> None:
            for rows in _strips(half, 12 * self.shape[1]):
                np.matmul(self._rows.T[rows], across, out=smooth[:, rows])
                smooth[:, rows] += colours[:, rows]
                disk_arrays.release(smooth, vector)

        side_by_side(fill, halves(self.shape[0], vector.size))
        return smooth.reshape(-1)

    def state(self) -> State:
        """Return what has been learnt."""
        return {
            "energies": self._energies.copy(),
            "rest": self._rest.copy(),
            "gain": self.gain.copy(),
            "count": np.asarray(self._count, np.float64),
        }

    def restore(self, state: Mapping[str, npt.NDArray[np.float32] | npt.NDArray[np.float64]]) -> None:
        """Go on from a `state`."""
        self._energies, self._rest = np.array(state["energies"]), np.array(state["rest"])
        self._count = int(state["count"])
        self._set_gain(state["gain"])

    def _set_gain(self, gain: npt.NDArray[Any]) -> None:
        """Let W be `gain`."""
        self.gain = np.array(gain, np.float32)
        self._excess = (self.gain - 1).reshape(-1)


def _strips(part: slice, row_bytes: int) -> Iterator[slice]:
    """Yield the slices that make up a part of rows or columns of so many bytes each."""
    for strip in disk_arrays.strips(part.stop - part.start, row_bytes):
        yield slice(part.start + strip.start, part.start + strip.stop)


def cosines(size: int, count: int) -> Array:
    """Return the first `count` vectors of the orthonormal DCT-II basis, as rows of `size`."""
    count = max(1, min(count, size))
    angles = np.pi / size * np.outer(np.arange(count), np.arange(size) + 0.5)
    basis = np.sqrt(2 / size) * np.cos(angles)
    basis[0] = np.sqrt(1 / size)
    rounded: Array = basis.astype(np.float32)
    return rounded
