"""Where an optimiser's vectors live, and what can be done with them. Here: numpy, on the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from nst_onnx import scratch
from nst_onnx.optim.optimiser import State
from nst_onnx.optim.smoothing import Smoothing
from nst_onnx.optim.threads import halves, side_by_side

Array = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]
V = TypeVar("V")


class Rows(Protocol[V]):
    """A fixed number of vectors kept together, zero at first."""

    def put(self, row: int, vector: V) -> None:
        """Keep a copy of a vector in the place of another."""

    def get(self, row: int) -> V:
        """Return the vector kept there, valid until it is replaced."""

    def products(self, vectors: Sequence[V], count: int) -> Numbers:
        """Return the inner products of each vector with the first `count` rows."""

    def combine(self, weights: Numbers) -> V:
        """Return Σ weight × row over the first rows, a new vector."""


class Space(Protocol[V]):
    """Vectors of one length, single precision, wherever they are. None is ever written to again."""

    size: int

    def rows(self, count: int) -> Rows[V]:
        """Return room for `count` vectors."""

    def add(self, a: V, b: V, weight: float) -> V:
        """Return a + weight × b, a new vector."""

    def dot(self, a: V, b: V) -> float:
        """Return the inner product."""

    def precondition(self, vector: V) -> V:
        """Return P v for a symmetric positive definite P."""

    def learn(self, s: V, y: V, squares: tuple[float, float]) -> bool:
        """Take in a step and its gradient change, and s·s and y·y. Return whether P should `relearn` now."""

    def relearn(self, rows: Rows[V], kept: Sequence[int]) -> Numbers:
        """Change P to what has been learnt, and with it the rows `kept`, each P y for some y.

        Return by how much y·P y' is more than before, for each two of them.
        """

    def take(self, vector: Any) -> V:
        """Return a vector of this space, or an array, as one that nobody else will change."""

    def array(self, vector: V) -> Array:
        """Return a vector as an array of its own."""

    def state(self) -> State:
        """Return what P has learnt."""

    def restore(self, state: Mapping[str, npt.NDArray[np.float32] | npt.NDArray[np.float64]]) -> None:
        """Go on from a `state`."""

    def inherit(self, learnt: Mapping[str, npt.NDArray[Any]]) -> None:
        """Begin with what P has learnt (its `state`) on pictures of another size."""


class Preconditioned(Generic[V]):
    """What a space does with its P: nothing where there is none."""

    def __init__(self, smoothing: Any) -> None:
        """`smoothing`: a `Smoothing` of the space's own kind of vectors, or None."""
        self._smoothing = smoothing

    def precondition(self, vector: V) -> V:
        """Return P v, the vector itself where there is no P."""
        result: V = vector if self._smoothing is None else self._smoothing(vector)
        return result

    def learn(self, s: V, y: V, squares: tuple[float, float]) -> bool:
        """Let P learn, if there is one. Return whether it should `relearn` now."""
        return self._smoothing is not None and bool(self._smoothing.learn(s, y, squares))

    def relearn(self, rows: Rows[V], kept: Sequence[int]) -> Numbers:
        """Change P, if there is one, and the rows; return by how much their products are more.

        P y tells of y all there is to know: its waves are W times those of y, and else they are the same.
        """
        more = np.zeros((len(kept), len(kept)))
        if self._smoothing is None:
            return more
        before = self._smoothing.gain
        self._smoothing.relearn()
        growth = self._smoothing.gain / before - 1
        found: list[Array] = []
        for k, row in enumerate(kept):
            smooth = rows.get(row)
            waves = self._smoothing.waves(smooth)
            rows.put(row, self._smoothing.plus(smooth, growth * waves))
            found.append(waves.reshape(-1))
            weighed = (growth / before).reshape(-1) * found[-1]
            more[k, : k + 1] = more[: k + 1, k] = [float(np.dot(other, weighed)) for other in found]
        return more

    def state(self) -> State:
        """Return what P has learnt; nothing where there is no P."""
        return {} if self._smoothing is None else self._smoothing.state()

    def restore(self, state: Mapping[str, npt.NDArray[np.float32] | npt.NDArray[np.float64]]) -> None:
        """Go on from a `state`."""
        if self._smoothing is not None:
            self._smoothing.restore(state)

    def inherit(self, learnt: Mapping[str, npt.NDArray[Any]]) -> None:
        """Begin with what another's P has learnt, if both have one."""
        if self._smoothing is not None and learnt:
            self._smoothing.inherit(learnt)


class Host(Preconditioned[Array]):
    """numpy's arrays, in memory or on disk, looked at piece by piece."""

    def __init__(self, size: int, smoothing: Smoothing | None = None, *, on_disk: bool = False) -> None:
        super().__init__(smoothing)
        self.size, self._on_disk = size, on_disk
        self._room = scratch.Room((size,), on_disk=on_disk)

    def rows(self, count: int) -> HostRows:
        """Return a matrix of zeros."""
        return HostRows(scratch.empty((count, self.size), on_disk=self._on_disk), self._room)

    def add(self, a: Array, b: Array, weight: float) -> Array:
        """Return a + weight × b."""
        total = self._room.empty()
        for piece in scratch.pieces(self.size):
            np.multiply(b[piece], np.float32(weight), out=total[piece])
            total[piece] += a[piece]
            scratch.release(total, a, b)
        return total

    def dot(self, a: Array, b: Array) -> float:
        """Return the inner product."""
        total = 0.0
        for piece in scratch.pieces(self.size):
            total += float(np.dot(a[piece], b[piece]))
            scratch.release(a, b)
        return total

    def take(self, vector: npt.ArrayLike) -> Array:
        """Return a copy."""
        source, copy = np.asarray(vector), self._room.empty()
        for piece in scratch.pieces(self.size):
            copy[piece] = source[piece]
            scratch.release(copy, source)
        return copy

    def array(self, vector: Array) -> Array:
        """Return a copy."""
        return self.take(vector)


class HostRows:
    """Vectors as the rows of a matrix, so that many products are one."""

    def __init__(self, matrix: Array, room: scratch.Room) -> None:
        """`room` is for vectors that are not rows."""
        self._matrix, self._room = matrix, room

    def put(self, row: int, vector: Array) -> None:
        """Copy a vector into a row."""
        for piece in self._pieces(1):
            self._matrix[row, piece] = vector[piece]
            scratch.release(self._matrix, vector)

    def get(self, row: int) -> Array:
        """Return a view of a row."""
        vector: Array = self._matrix[row]
        return vector

    def products(self, vectors: Sequence[Array], count: int) -> Numbers:
        """Return the first rows times each vector."""
        products, shares = np.zeros((len(vectors), count)), halves(count, self._matrix.shape[1])
        for piece in self._pieces(count):
            for i, vector in enumerate(vectors):
                found = side_by_side(partial(self._dots, vector[piece], piece), shares)
                products[i] += np.concatenate(found)
            scratch.release(self._matrix, *vectors)
        return products

    def combine(self, weights: Numbers) -> Array:
        """Return the weighted sum of the first rows."""
        combined, numbers = self._room.empty(), weights.astype(np.float32)
        shares = halves(len(weights), self._matrix.shape[1])
        for piece in self._pieces(len(weights)):
            combined[piece], *others = side_by_side(partial(self._sum, numbers, piece), shares)
            for other in others:
                combined[piece] += other
            scratch.release(self._matrix, combined)
        return combined

    def _dots(self, vector: Array, piece: slice, rows: slice) -> Array:
        products: Array = np.dot(self._matrix[rows, piece], vector)
        return products

    def _sum(self, weights: Array, piece: slice, rows: slice) -> Array:
        combined: Array = np.dot(weights[rows], self._matrix[rows, piece])
        return combined

    def _pieces(self, count: int) -> Iterator[slice]:
        return scratch.pieces(self._matrix.shape[1], count if isinstance(self._matrix, np.memmap) else 1)
