"""The optimiser's vector space in shards: only inner products and low DCT coefficients leave them."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

from nst_onnx.objective.shards.stage import Part
from nst_onnx.objective.shards.team import Pending, Team, ask_all
from nst_onnx.optim.preconditioner import OPPONENTS, Preconditioner
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers


class Vector:
    """A vector in the shards, under its number; they delete it after this object is deleted."""

    def __init__(self, stage: ShardedStage) -> None:
        self.number = next(stage.numbers)
        self.stage = stage
        weakref.finalize(self, stage.unused.append, self.number)


class ShardedStage:
    """A picture of one size in all shards, under a number. Makes, moves and deletes vectors."""

    def __init__(self, team: Team, parts: Sequence[Part], number: int) -> None:
        self.team, self.parts, self.number = team, parts, number
        self.numbers = itertools.count(number << 32)
        self.unused: list[int] = []
        self.unused_matrices: list[int] = []
        self.shape = parts[0].layout.shape

    def make(self, method: str, *arguments: Pending) -> Vector:
        """Return a new vector, made in all shards by `method`(stage, its number, …)."""
        vector = Vector(self)
        self.delete_unused()
        ask_all(self.team, method, self.number, vector.number, *arguments)
        return vector

    def delete_unused(self) -> None:
        """Delete the vectors and matrices in the shards whose objects here are deleted."""
        if self.unused or self.unused_matrices:
            ask_all(self.team, "drop", _taken(self.unused), _taken(self.unused_matrices))

    def scatter(self, planes: Array) -> Vector:
        """Return a picture 3×H×W as a vector."""
        vector = Vector(self)
        for i, part in enumerate(self.parts):
            rows = np.ascontiguousarray(planes[:, part.own_rows])
            self.team.get([self.team.ask(i, "put", self.number, vector.number, rows)])
            disk_arrays.release(planes)
        return vector

    def gather(self, vector: Vector, planes: Array) -> None:
        """Write a vector to an array 3×H×W."""
        for i, part in enumerate(self.parts):
            for rows in disk_arrays.strips(part.own_rows.stop - part.own_rows.start, 12 * self.shape[1]):
                whole = slice(part.own_rows.start + rows.start, part.own_rows.start + rows.stop)
                asked = self.team.ask(i, "rows", self.number, vector.number, whole)
                planes[:, whole] = self.team.get([asked])[0][1]
                disk_arrays.release(planes)

    def total(self, by_shard: Sequence[Numbers]) -> Numbers:
        """Return the sum over all rows (the last axis) of the shards, in the order of the rows."""
        return np.asarray(np.concatenate(by_shard, axis=-1).sum(axis=-1))


def _taken(numbers: list[int]) -> list[int]:
    """Empty a list that finalizers may append to at any time, and return its items."""
    return [numbers.pop() for _ in range(len(numbers))]


class ShardedSpace:
    """The space of a stage's vectors."""

    def __init__(self, stage: ShardedStage, *, on_disk: bool) -> None:
        """`on_disk`: whether arrays gathered here are memory-mapped."""
        self._stage, self._on_disk = stage, on_disk
        self.size = 3 * stage.shape[0] * stage.shape[1]

    def matrix(self, count: int) -> ShardedRows:
        """Return a matrix of `count` rows."""
        return ShardedRows(self._stage, count)

    def add(self, a: Vector, b: Vector, weight: float) -> Vector:
        """Return a + weight × b."""
        return self._stage.make("add", a.number, b.number, weight)

    def dot(self, a: Vector, b: Vector) -> float:
        """Return the inner product."""
        return float(self._stage.total(ask_all(self._stage.team, "dot", a.number, b.number)))

    def take(self, vector: npt.NDArray[np.generic] | Vector) -> Vector:
        """Return an array (3·H·W,) as a vector; a vector unchanged, because none is ever written to."""
        if isinstance(vector, Vector):
            return vector
        return self._stage.scatter(cast(Array, vector).reshape(3, *self._stage.shape))

    def array(self, vector: Vector) -> Array:
        """Return a vector as an array (3·H·W,) here."""
        planes = disk_arrays.empty((3, *self._stage.shape), on_disk=self._on_disk)
        self._stage.gather(vector, planes)
        return planes.reshape(-1)


class ShardedRows:
    """A fixed number of stored vectors, each shard with its own rows of them."""

    def __init__(self, stage: ShardedStage, count: int) -> None:
        self._stage, self._number = stage, next(stage.numbers)
        ask_all(stage.team, "matrix", stage.number, self._number, count)
        weakref.finalize(self, stage.unused_matrices.append, self._number)

    def put(self, row: int, vector: Vector) -> None:
        """Store a copy of a vector in a slot."""
        ask_all(self._stage.team, "put_row", self._number, row, vector.number)

    def get(self, row: int) -> Vector:
        """Return the vector of a slot, valid until it is replaced."""
        vector = Vector(self._stage)
        ask_all(self._stage.team, "row", self._number, row, vector.number)
        return vector

    def products(self, vectors: Sequence[Vector], count: int) -> Numbers:
        """Return the inner products of each vector with the first `count` rows."""
        numbers = [vector.number for vector in vectors]
        return self._stage.total(ask_all(self._stage.team, "products", self._number, numbers, count))

    def combine(self, weights: Numbers) -> Vector:
        """Return Σ weight × row over the first rows."""
        return self._stage.make("combine", self._number, weights.tolist())


class ShardedPreconditioner(Preconditioner):
    """The preconditioner in shards: low DCT coefficients are gathered, weighed and distributed."""

    def __init__(self, stage: ShardedStage) -> None:
        super().__init__(stage.shape)
        self._stage = stage

    def dct(self, vector: Vector) -> Array:  # type: ignore[override]  # the same, of vectors in shards
        """Return the DCT coefficients C v, on the host."""
        count = len(self._rows), len(self._columns)
        by_shard = ask_all(self._stage.team, "dct", self._stage.number, vector.number, count)
        coefficients = np.zeros((3, *count), np.float64)
        for band in itertools.chain.from_iterable(by_shard):
            coefficients += band
        return np.tensordot(OPPONENTS, coefficients, 1).astype(np.float32).reshape(-1)

    def add_inverse_dct(self, vector: Vector, coefficients: Array) -> Vector:  # type: ignore[override]
        """Return v + Cᵀ w; every shard receives all coefficients w."""
        mixed = (OPPONENTS.T @ coefficients.reshape(3, -1)).reshape(3, len(self._rows), len(self._columns))
        return self._stage.make("add_inverse_dct", vector.number, self._stage.team.share(mixed))
