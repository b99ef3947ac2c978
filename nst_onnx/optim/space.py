"""Where an optimiser's vectors live, and what can be done with them. Here: numpy, on the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from nst_onnx.optim.threads import halves, side_by_side
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers

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

    def take(self, vector: Any) -> V:
        """Return a vector of this space, or an array, as one that nobody else will change."""

    def array(self, vector: V) -> Array:
        """Return a vector as an array of its own."""


def stacked(rows: Rows[V], count: int, space: Space[V]) -> Array:
    """Return the first rows as an array (count, size)."""
    copies = np.empty((count, space.size), np.float32)
    for row, copy in enumerate(copies):
        copy[:] = space.array(rows.get(row))
    return copies


class Host:
    """numpy's arrays, in memory or on disk, looked at piece by piece."""

    def __init__(self, size: int, *, on_disk: bool = False) -> None:
        self.size, self._on_disk = size, on_disk
        self._room = disk_arrays.Room((size,), on_disk=on_disk)

    def rows(self, count: int) -> HostRows:
        """Return a matrix of zeros."""
        return HostRows(disk_arrays.empty((count, self.size), on_disk=self._on_disk), self._room)

    def add(self, a: Array, b: Array, weight: float) -> Array:
        """Return a + weight × b."""
        total = self._room.empty()
        for piece in disk_arrays.pieces(self.size):
            np.multiply(b[piece], np.float32(weight), out=total[piece])
            total[piece] += a[piece]
            disk_arrays.release(total, a, b)
        return total

    def dot(self, a: Array, b: Array) -> float:
        """Return the inner product."""
        total = 0.0
        for piece in disk_arrays.pieces(self.size):
            total += float(np.dot(a[piece], b[piece]))
            disk_arrays.release(a, b)
        return total

    def take(self, vector: npt.ArrayLike) -> Array:
        """Return a copy."""
        source, copy = np.asarray(vector), self._room.empty()
        for piece in disk_arrays.pieces(self.size):
            copy[piece] = source[piece]
            disk_arrays.release(copy, source)
        return copy

    def array(self, vector: Array) -> Array:
        """Return a copy."""
        return self.take(vector)


class HostRows:
    """Vectors as the rows of a matrix, so that many products are one."""

    def __init__(self, matrix: Array, room: disk_arrays.Room) -> None:
        """`room` is for vectors that are not rows."""
        self._matrix, self._room = matrix, room

    def put(self, row: int, vector: Array) -> None:
        """Copy a vector into a row."""
        for piece in self._pieces(1):
            self._matrix[row, piece] = vector[piece]
            disk_arrays.release(self._matrix, vector)

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
            disk_arrays.release(self._matrix, *vectors)
        return products

    def combine(self, weights: Numbers) -> Array:
        """Return the weighted sum of the first rows."""
        combined, numbers = self._room.empty(), weights.astype(np.float32)
        shares = halves(len(weights), self._matrix.shape[1])
        for piece in self._pieces(len(weights)):
            combined[piece], *others = side_by_side(partial(self._sum, numbers, piece), shares)
            for other in others:
                combined[piece] += other
            disk_arrays.release(self._matrix, combined)
        return combined

    def _dots(self, vector: Array, piece: slice, rows: slice) -> Array:
        products: Array = np.dot(self._matrix[rows, piece], vector)
        return products

    def _sum(self, weights: Array, piece: slice, rows: slice) -> Array:
        combined: Array = np.dot(weights[rows], self._matrix[rows, piece])
        return combined

    def _pieces(self, count: int) -> Iterator[slice]:
        return disk_arrays.pieces(self._matrix.shape[1], count if isinstance(self._matrix, np.memmap) else 1)
