"""The optimiser's vectors, spread over shards: only inner products and the lowest waves come together."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.objective.shards.shard import Share
from nst_onnx.objective.shards.team import Team, everyone
from nst_onnx.optim.preconditioner import OPPONENTS, Preconditioner
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array, Numbers


class Vector:
    """A vector that the shards of a stage know by its number; they forget it when this object goes."""

    def __init__(self, stage: Stage) -> None:
        self.number = next(stage.numbers)
        self.stage = stage
        weakref.finalize(self, stage.unused.append, self.number)


class Stage:
    """A picture size, known to all shards by a number. Makes, moves and forgets vectors."""

    def __init__(self, team: Team, shares: Sequence[Share], number: int) -> None:
        self.team, self.shares, self.number = team, shares, number
        self.numbers = itertools.count(number << 32)
        self.unused: list[int] = []
        self.unused_matrices: list[int] = []
        self.shape = shares[0].layout.shape

    def make(self, method: str, *arguments: Any) -> Vector:
        """Let all shards make a vector: `method`(stage, its number, …)."""
        vector = Vector(self)
        self.forget()
        everyone(self.team, method, self.number, vector.number, *arguments)
        return vector

    def forget(self) -> None:
        """Let the shards forget what nobody needs any more."""
        if self.unused or self.unused_matrices:
            everyone(self.team, "drop", _taken(self.unused), _taken(self.unused_matrices))

    def scatter(self, planes: Array) -> Vector:
        """Return a picture 3×H×W as a vector."""
        vector = Vector(self)
        for i, share in enumerate(self.shares):
            part = np.ascontiguousarray(planes[:, share.rows])
            self.team.get([self.team.ask(i, "put", self.number, vector.number, part)])
            disk_arrays.release(planes)
        return vector

    def gather(self, vector: Vector, planes: Array) -> None:
        """Write a vector to an array 3×H×W."""
        for i, share in enumerate(self.shares):
            for rows in disk_arrays.strips(share.rows.stop - share.rows.start, 12 * self.shape[1]):
                whole = slice(share.rows.start + rows.start, share.rows.start + rows.stop)
                asked = self.team.ask(i, "rows", self.number, vector.number, whole)
                planes[:, whole] = self.team.get([asked])[0][1]
                disk_arrays.release(planes)

    def total(self, by_shard: Sequence[npt.NDArray[np.float64]]) -> Any:
        """Add up what the shards found for each row (the last axis), in the order of the rows."""
        return np.concatenate(by_shard, axis=-1).sum(axis=-1)


def _taken(numbers: list[int]) -> list[int]:
    """Empty a list that the garbage collector may add to at any time, and return what was in it."""
    return [numbers.pop() for _ in range(len(numbers))]


class Sharded:
    """The space of a stage's vectors."""

    def __init__(self, stage: Stage, *, on_disk: bool) -> None:
        """`on_disk`: where arrays that come here go."""
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
        return float(self._stage.total(everyone(self._stage.team, "dot", a.number, b.number)))

    def take(self, vector: Any) -> Vector:
        """Return an array (3·H·W,) as a vector; a vector as it is, for nobody writes to one."""
        if isinstance(vector, Vector):
            return vector
        return self._stage.scatter(vector.reshape(3, *self._stage.shape))

    def array(self, vector: Vector) -> Array:
        """Return a vector as an array (3·H·W,) here."""
        planes = disk_arrays.empty((3, *self._stage.shape), on_disk=self._on_disk)
        self._stage.gather(vector, planes)
        return planes.reshape(-1)


class ShardedRows:
    """Vectors kept together, each shard with its own rows of them."""

    def __init__(self, stage: Stage, count: int) -> None:
        self._stage, self._number = stage, next(stage.numbers)
        everyone(stage.team, "matrix", stage.number, self._number, count)
        weakref.finalize(self, stage.unused_matrices.append, self._number)

    def put(self, row: int, vector: Vector) -> None:
        """Keep a copy of a vector in the place of another."""
        everyone(self._stage.team, "put_row", self._number, row, vector.number)

    def get(self, row: int) -> Vector:
        """Return the vector kept there, valid until it is replaced."""
        vector = Vector(self._stage)
        everyone(self._stage.team, "row", self._number, row, vector.number)
        return vector

    def products(self, vectors: Sequence[Vector], count: int) -> Numbers:
        """Return the inner products of each vector with the first `count` rows."""
        numbers = [vector.number for vector in vectors]
        found: Numbers = self._stage.total(
            everyone(self._stage.team, "products", self._number, numbers, count)
        )
        return found

    def combine(self, weights: Numbers) -> Vector:
        """Return Σ weight × row over the first rows."""
        return self._stage.make("combine", self._number, weights.tolist())


class ShardedPreconditioner(Preconditioner):
    """The preconditioner: each shard's part of the waves comes here, and the waves go back."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.shape)
        self._stage = stage

    def dct(self, vector: Any) -> Array:
        """Return C v, here."""
        count = len(self._rows), len(self._columns)
        shares = everyone(self._stage.team, "waves", self._stage.number, vector.number, count)
        waves = np.zeros((3, *count), np.float64)
        for share in itertools.chain.from_iterable(shares):
            waves += share
        return np.tensordot(OPPONENTS, waves, 1).astype(np.float32).reshape(-1)

    def add_inverse_dct(self, vector: Any, coefficients: Array) -> Any:
        """Return v + Cᵀ w; every shard gets the waves."""
        mixed = (OPPONENTS.T @ coefficients.reshape(3, -1)).reshape(3, len(self._rows), len(self._columns))
        return self._stage.make("add_waves", vector.number, self._stage.team.share(mixed))
