"""Vector spaces of the optimisers: where vectors are held, and their operations; numpy's, on the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from nst_onnx.optim.threads import parallel_map, split_in_two
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers

V = TypeVar("V")


class Matrix(Protocol[V]):
    """A matrix whose rows are vectors, initially zero."""

    def put(self, row: int, vector: V) -> None:
        """Set a row to a copy of a vector."""

    def get(self, row: int) -> V:
        """Return a row, valid until it is set again."""

    def products(self, vectors: Sequence[V], count: int) -> Numbers:
        """Return the inner products of each vector with the first `count` rows."""

    def combine(self, weights: Numbers) -> V:
        """Return Σ weight × row over the first rows, a new vector."""


class Space(Protocol[V]):
    """A space of float32 vectors of one length. Vectors are immutable."""

    size: int

    def matrix(self, count: int) -> Matrix[V]:
        """Return a matrix of `count` rows."""

    def add(self, a: V, b: V, weight: float) -> V:
        """Return a + weight × b, a new vector."""

    def dot(self, a: V, b: V) -> float:
        """Return the inner product."""

    def take(self, vector: V | npt.NDArray[np.generic]) -> V:
        """Return a vector of this space, or an array, as an immutable vector (a copy where needed)."""

    def array(self, vector: V) -> Array:
        """Return a copy of a vector as an array."""


def stacked(matrix: Matrix[V], count: int, space: Space[V]) -> Array:
    """Return the first rows as an array (count, size)."""
    copies = np.empty((count, space.size), np.float32)
    for row, copy in enumerate(copies):
        copy[:] = space.array(matrix.get(row))
    return copies


class HostSpace:
    """Vectors as numpy arrays, in memory or memory-mapped, processed in chunks."""

    def __init__(self, size: int, *, on_disk: bool = False) -> None:
        self.size, self._on_disk = size, on_disk
        self._pool = disk_arrays.ArrayPool((size,), on_disk=on_disk)

    def matrix(self, count: int) -> HostMatrix:
        """Return a matrix of zeros."""
        return HostMatrix(disk_arrays.empty((count, self.size), on_disk=self._on_disk), self._pool)

    def add(self, a: Array, b: Array, weight: float) -> Array:
        """Return a + weight × b."""
        total = self._pool.empty()
        for chunk in disk_arrays.chunks(self.size):
            np.multiply(b[chunk], np.float32(weight), out=total[chunk])
            total[chunk] += a[chunk]
            disk_arrays.release(total, a, b)
        return total

    def dot(self, a: Array, b: Array) -> float:
        """Return the inner product."""
        total = 0.0
        for chunk in disk_arrays.chunks(self.size):
            total += float(np.dot(a[chunk], b[chunk]))
            disk_arrays.release(a, b)
        return total

    def take(self, vector: npt.NDArray[np.generic]) -> Array:
        """Return a copy."""
        copy = self._pool.empty()
        for chunk in disk_arrays.chunks(self.size):
            copy[chunk] = vector[chunk]
            disk_arrays.release(copy, vector)
        return copy

    def array(self, vector: Array) -> Array:
        """Return a copy."""
        return self.take(vector)


class HostMatrix:
    """Vectors as the rows of an array, so that inner products with many of them are one matrix product."""

    def __init__(self, matrix: Array, pool: disk_arrays.ArrayPool) -> None:
        """`pool`: for results."""
        self._matrix, self._pool = matrix, pool

    def put(self, row: int, vector: Array) -> None:
        """Copy a vector into a row."""
        for chunk in self._chunks(1):
            self._matrix[row, chunk] = vector[chunk]
            disk_arrays.release(self._matrix, vector)

    def get(self, row: int) -> Array:
        """Return a view of a row."""
        vector: Array = self._matrix[row]
        return vector

    def products(self, vectors: Sequence[Array], count: int) -> Numbers:
        """Return the first rows times each vector."""
        products, shares = np.zeros((len(vectors), count)), split_in_two(count, self._matrix.shape[1])
        for chunk in self._chunks(count):
            for i, vector in enumerate(vectors):
                found = parallel_map(partial(self._dots, vector[chunk], chunk), shares)
                products[i] += np.concatenate(found)
            disk_arrays.release(self._matrix, *vectors)
        return products

    def combine(self, weights: Numbers) -> Array:
        """Return the weighted sum of the first rows."""
        combined, numbers = self._pool.empty(), weights.astype(np.float32)
        shares = split_in_two(len(weights), self._matrix.shape[1])
        for chunk in self._chunks(len(weights)):
            combined[chunk], *others = parallel_map(partial(self._sum, numbers, chunk), shares)
            for other in others:
                combined[chunk] += other
            disk_arrays.release(self._matrix, combined)
        return combined

    def _dots(self, vector: Array, chunk: slice, rows: slice) -> Array:
        products: Array = np.dot(self._matrix[rows, chunk], vector)
        return products

    def _sum(self, weights: Array, chunk: slice, rows: slice) -> Array:
        combined: Array = np.dot(weights[rows], self._matrix[rows, chunk])
        return combined

    def _chunks(self, count: int) -> Iterator[slice]:
        return disk_arrays.chunks(self._matrix.shape[1], count if isinstance(self._matrix, np.memmap) else 1)
