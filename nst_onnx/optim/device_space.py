"""Vector space on a device: vectors are tensors, the optimisers' operations on them small ONNX graphs.

Only inner products are copied to the host and, while the preconditioner is being learnt, DCT coefficients.
The graphs run on any execution provider of onnxruntime: tests compare them with numpy on the CPU provider.
They have not been run on CUDA yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.graph import Graph
from nst_onnx.optim.preconditioner import OPPONENTS, Preconditioner
from nst_onnx.runtime import Device
from nst_onnx.runtime.device_tensors import DeviceFunction, fetch, put
from nst_onnx.runtime.session import Tensor
from nst_onnx.support.arrays import Array, Numbers


class OnDevice:
    """Vectors (n,) as tensors on a device."""

    def __init__(self, size: int, device: Device) -> None:
        self.size, self.device = size, device.in_float32

    def rows(self, count: int) -> DeviceRows:
        """Return room for `count` tensors."""
        return DeviceRows(self.device)

    def add(self, a: Tensor, b: Tensor, weight: float) -> Tensor:
        """Return a + weight × b."""
        return _sum(2, self.device)({"weights": put([1.0, weight], self.device), "r0": a, "r1": b})

    def dot(self, a: Tensor, b: Tensor) -> float:
        """Return the inner product."""
        return float(fetch(_products(1, self.device)({"vector": a, "r0": b}))[0])

    def take(self, vector: Any) -> Tensor:
        """Return an array as a tensor; a tensor as it is, for nobody writes to one."""
        return put(vector, self.device) if isinstance(vector, np.ndarray) else vector

    def array(self, vector: Tensor) -> Array:
        """Return a copy on the host."""
        return fetch(vector)


class DeviceRows:
    """Tensors by number. They are never written to, so nothing is copied."""

    def __init__(self, device: Device) -> None:
        self._device, self._tensors = device, {}

    _tensors: dict[int, Tensor]

    def put(self, row: int, vector: Tensor) -> None:
        """Keep a tensor in the place of another."""
        self._tensors[row] = vector

    def get(self, row: int) -> Tensor:
        """Return the tensor kept there."""
        return self._tensors[row]

    def products(self, vectors: Sequence[Tensor], count: int) -> Numbers:
        """Return the inner products of each vector with the first rows."""
        rows = {f"r{i}": self._tensors[i] for i in range(count)}
        products = _products(count, self._device)
        return np.stack([fetch(products({"vector": vector, **rows})) for vector in vectors]).astype(
            np.float64
        )

    def combine(self, weights: Numbers) -> Tensor:
        """Return the weighted sum of the first rows."""
        feeds = {f"r{i}": self._tensors[i] for i in range(len(weights))}
        return _sum(len(weights), self._device)({"weights": put(weights, self._device), **feeds})


class DevicePreconditioner(Preconditioner):
    """The preconditioner, by matrix products on the device. Waves stay there; it fetches them to learn."""

    space: Any

    def __init__(self, shape: tuple[int, int], device: Device) -> None:
        self._device = device = device.in_float32
        super().__init__(shape)
        self.space = OnDevice(self.space.size, device)
        self._fixed = {
            "rows": put(self._rows, device),
            "columns": put(self._columns, device),
            "opponents": put(OPPONENTS, device),
        }
        count = len(self._rows), len(self._columns)
        self._to_waves, self._add = _waves(shape, device), _plus(count, device)

    def learn(self, s: Tensor, y: Tensor, squares: tuple[float, float]) -> bool:
        """Take in a pair's waves, on the host."""
        return super().learn(fetch(s), fetch(y), squares)

    def waves(self, vector: Tensor) -> Tensor:
        """Return C v."""
        return self._to_waves({"vector": vector, **self._fixed})

    def weigh(self, waves: Tensor) -> Tensor:
        """Return E w."""
        return _weighed(self._device)({"waves": waves, "excess": self._there})

    def plus(self, vector: Tensor, waves: Tensor) -> Tensor:
        """Return v + Cᵀ w."""
        return self._add({"vector": vector, "waves": waves, **self._fixed})

    def _set_gain(self, gain: npt.NDArray[Any]) -> None:
        super()._set_gain(gain)
        self._there = put(self._excess, self._device)


@lru_cache(maxsize=256)
def _products(count: int, device: Device) -> DeviceFunction:
    """(count,): the inner product of a vector with each of `count` others."""
    g = Graph()
    vector = g.input("vector", [None])
    rows = [g.input(f"r{i}", [None]) for i in range(count)]
    products = [g.op("ReduceSum", g.op("Mul", row, vector), keepdims=1) for row in rows]
    g.output("products", g.op("Concat", *products, axis=0))
    return DeviceFunction(g.model(), device)


@lru_cache(maxsize=256)
def _sum(count: int, device: Device) -> DeviceFunction:
    """Σ weight × vector."""
    g = Graph()
    weights = g.input("weights", [count])
    terms = [g.op("Mul", g.input(f"r{i}", [None]), g.op("Gather", weights, g.ints(i))) for i in range(count)]
    g.output("sum", g.op("Sum", *terms))
    return DeviceFunction(g.model(), device)


@lru_cache(maxsize=8)
def _waves(shape: tuple[int, int], device: Device) -> DeviceFunction:
    """The opponent colours' lowest frequencies."""
    g = _with_bases()
    planes = g.op("Reshape", "vector", g.ints(3, *shape))
    low = g.op("MatMul", g.op("MatMul", "rows", planes), g.op("Transpose", "columns", perm=[1, 0]))
    g.output("waves", g.op("Reshape", _mix(g, "opponents", low), g.ints(-1)))
    return DeviceFunction(g.model(), device)


@lru_cache(maxsize=8)
def _weighed(device: Device) -> DeviceFunction:
    """The waves, each times its `excess`."""
    g = Graph()
    g.output("weighed", g.op("Mul", g.input("waves", [None]), g.input("excess", [None])))
    return DeviceFunction(g.model(), device)


@lru_cache(maxsize=8)
def _plus(count: tuple[int, int], device: Device) -> DeviceFunction:
    """The vector, and so many `waves`."""
    g = _with_bases()
    waves = g.op("Reshape", g.input("waves", [None]), g.ints(3, *count))
    colours = _mix(g, g.op("Transpose", "opponents", perm=[1, 0]), waves)
    tall = g.op("MatMul", g.op("Transpose", "rows", perm=[1, 0]), colours)
    g.output("sum", g.op("Add", "vector", g.op("Reshape", g.op("MatMul", tall, "columns"), g.ints(-1))))
    return DeviceFunction(g.model(), device)


def _with_bases() -> Graph:
    g = Graph()
    g.input("vector", [None])
    g.input("rows", [None, None])
    g.input("columns", [None, None])
    g.input("opponents", [3, 3])
    return g


def _mix(g: Graph, matrix: str, planes: str) -> str:
    """Return a 3×3 matrix times three planes."""
    flat = g.op("MatMul", matrix, g.op("Reshape", planes, g.ints(3, -1)))
    return g.op("Reshape", flat, g.op("Shape", planes))
