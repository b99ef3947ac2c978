"""Vectors of the optimiser in one shard: its own rows of each, and operations on them.

Sums over pixels are returned row by row, or band by band, and added up by the caller in that order: so the
result is the same for any number of shards, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from nst_onnx.objective.shards.stage import PlacedRows, Stage
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers


class VectorStore:
    """Vectors 3×rows×W and matrices of several, each under a number that the caller chose."""

    def __init__(self) -> None:
        self._stages: dict[int, Stage] = {}
        self._vectors: dict[int, Array] = {}
        self._matrices: dict[int, Array] = {}

    def put(self, stage: int, x: int, values: Array) -> None:
        """Store a copy of an array as a vector."""
        total = self._stages[stage].new_vector()
        total[...] = values
        self._vectors[x] = total

    def rows(self, stage: int, x: int, rows: slice) -> PlacedRows:
        """Return some of the shard's own rows of a vector."""
        return rows.start, np.ascontiguousarray(self._vectors[x][:, self._stages[stage].part.local(rows)])

    def drop(self, vectors: Iterable[int], matrices: Iterable[int] = ()) -> None:
        """Delete vectors and matrices."""
        for x in vectors:
            self._vectors.pop(x, None)
        for m in matrices:
            self._matrices.pop(m, None)

    def add(self, stage: int, result: int, a: int, b: int | None, weight: float) -> None:
        """Set `result` to a + weight × b; without b to weight × a."""
        total, one = self._stages[stage].new_vector(), self._vectors[a]
        other, factor = None if b is None else self._vectors[b], np.float32(weight)
        for part in _strips(total):
            total[:, part] = (
                factor * one[:, part] if other is None else one[:, part] + factor * other[:, part]
            )
            disk_arrays.release(total, one, *([] if other is None else [other]))
        self._vectors[result] = total

    def dot(self, a: int, b: int) -> Numbers:
        """Return the inner product of each of the rows."""
        return _products(self._vectors[a], self._vectors[b])

    def matrix(self, stage: int, m: int, count: int) -> None:
        """Allocate a matrix of `count` vectors."""
        at = self._stages[stage]
        self._matrices[m] = disk_arrays.empty((count, *at.shape), on_disk=at.part.on_disk)

    def put_row(self, m: int, row: int, x: int) -> None:
        """Copy a vector into a matrix."""
        matrix, vector = self._matrices[m][row], self._vectors[x]
        for part in _strips(vector):
            matrix[:, part] = vector[:, part]
            disk_arrays.release(self._matrices[m], vector)

    def row(self, m: int, row: int, x: int) -> None:
        """Set a vector to a view of a matrix's row."""
        self._vectors[x] = self._matrices[m][row]

    def products(self, m: int, vectors: Sequence[int], count: int) -> Numbers:
        """Return the inner products of each vector with the first `count` of a matrix, for each row."""
        rows = self._matrices[m][:count]
        return np.stack([[_products(row, self._vectors[x]) for row in rows] for x in vectors])

    def combine(self, stage: int, result: int, m: int, weights: Sequence[float]) -> None:
        """Set `result` to the weighted sum of the first vectors of a matrix."""
        total, matrix = self._stages[stage].new_vector(), self._matrices[m]
        for part in _strips(total):
            for weight, vector in zip(weights, matrix, strict=False):
                total[:, part] += np.float32(weight) * vector[:, part]
            disk_arrays.release(total, matrix)
        self._vectors[result] = total

    def dct(self, stage: int, x: int, count: tuple[int, int]) -> list[Array]:
        """Return each band's contribution to the lowest m×n DCT coefficients: 3×m×n."""
        at = self._stages[stage]
        found = []
        for rows in at.own_rows():
            found.append(at.dct(count).coefficients(self._vectors[x][:, at.part.local(rows)], rows))
            disk_arrays.release(self._vectors[x])
        return found

    def add_inverse_dct(self, stage: int, result: int, x: int, coefficients: Array) -> None:
        """Set `result` to a vector plus the inverse DCT of coefficients 3×m×n."""
        at = self._stages[stage]
        total, (_, *count) = at.new_vector(), coefficients.shape
        for rows in at.own_rows():
            local, inverse = at.part.local(rows), at.dct((count[0], count[1])).rows(coefficients, rows)
            total[:, local] = self._vectors[x][:, local] + inverse
            disk_arrays.release(total, self._vectors[x])
        self._vectors[result] = total


def _strips(array: Array) -> Iterator[slice]:
    yield from disk_arrays.strips(array.shape[1], 12 * array.shape[2])


def _products(a: Array, b: Array) -> Numbers:
    """Return the inner product of each row of two vectors 3×rows×W."""
    products = np.zeros(a.shape[1])
    for part in _strips(a):
        for colour in range(3):
            products[part] += (a[colour, part] * b[colour, part]).sum(axis=1, dtype=np.float64)
        disk_arrays.release(a, b)
    return products
