"""Vector space on a device: tensors, and small ONNX graphs for the operations of optimisers.

Only inner products are copied to the host and, while the preconditioner estimates its gains, DCT
coefficients. The graphs run on any provider of onnxruntime, so tests compare them with numpy on the CPU.
They have not been run on CUDA yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nst_onnx.graph import Graph
from nst_onnx.optim.preconditioner import OPPONENTS, Preconditioner
from nst_onnx.runtime import Device
from nst_onnx.runtime.device_tensors import DeviceFunction, fetch, put
from nst_onnx.runtime.session import Tensor
from nst_onnx.support.arrays import Array, Numbers


class DeviceSpace:
    """Vectors (n,) as tensors on a device."""

    def __init__(self, size: int, device: Device) -> None:
        self.size, self.device = size, device.in_float32

    def matrix(self, count: int) -> DeviceMatrix:
        """Return a matrix of tensors."""
        return DeviceMatrix(self.device)

    def add(self, a: Tensor, b: Tensor, weight: float) -> Tensor:
        """Return a + weight × b."""
        return _sum(2, self.device)({"weights": put([1.0, weight], self.device), "r0": a, "r1": b})

    def dot(self, a: Tensor, b: Tensor) -> float:
        """Return the inner product."""
        return float(fetch(_products(1, self.device)({"vector": a, "r0": b}))[0])

    def take(self, vector: Tensor | npt.NDArray[np.generic]) -> Tensor:
        """Return an array as a tensor; a tensor itself, because tensors are immutable here."""
        return put(vector, self.device) if isinstance(vector, np.ndarray) else vector

    def array(self, vector: Tensor) -> Array:
        """Return a copy on the host."""
        return fetch(vector)


class DeviceMatrix:
    """Tensors by row number, not copied: tensors are immutable here."""

    def __init__(self, device: Device) -> None:
        self._device, self._tensors = device, {}

    _tensors: dict[int, Tensor]

    def put(self, row: int, vector: Tensor) -> None:
        """Set a row."""
        self._tensors[row] = vector

    def get(self, row: int) -> Tensor:
        """Return a row."""
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
    """The preconditioner as matrix products on the device; `add_pair` copies coefficients to the host."""

    def __init__(self, shape: tuple[int, int], device: Device) -> None:
        self._device = device = device.in_float32
        super().__init__(shape)
        self.space = DeviceSpace(self.space.size, device)
        self._fixed = {
            "rows": put(self._rows, device),
            "columns": put(self._columns, device),
            "opponents": put(OPPONENTS, device),
        }
        count = len(self._rows), len(self._columns)
        self._dct, self._add = _dct(shape, device), _add_inverse_dct(count, device)

    def add_pair(self, s: Tensor, y: Tensor, squares: tuple[float, float]) -> bool:
        """Add a pair's coefficients to the estimate, on the host."""
        return super().add_pair(fetch(s), fetch(y), squares)

    def dct(self, vector: Tensor) -> Tensor:
        """Return C v: the lowest DCT coefficients of the opponent colours."""
        return self._dct({"vector": vector, **self._fixed})

    def apply_excess_gain(self, coefficients: Tensor) -> Tensor:
        """Return E w."""
        return _product(self._device)({"coefficients": coefficients, "excess": self._device_excess})

    def add_inverse_dct(self, vector: Tensor, coefficients: Tensor) -> Tensor:
        """Return v + Cᵀ w."""
        return self._add({"vector": vector, "coefficients": coefficients, **self._fixed})

    def _set_gain(self, gain: npt.NDArray[np.floating]) -> None:
        super()._set_gain(gain)
        self._device_excess = put(self._excess, self._device)


@lru_cache(maxsize=256)
def _products(count: int, device: Device) -> DeviceFunction:
    """DeviceFunction for (count,) inner products of a vector with `count` others."""
    g = Graph()
    vector = g.input("vector", [None])
    rows = [g.input(f"r{i}", [None]) for i in range(count)]
    products = [g.op("ReduceSum", g.op("Mul", row, vector), keepdims=1) for row in rows]
    g.output("products", g.op("Concat", *products, axis=0))
    return DeviceFunction(g.model(), device)


@lru_cache(maxsize=256)
def _sum(count: int, device: Device) -> DeviceFunction:
    """DeviceFunction for Σ weight × vector."""
    g = Graph()
    weights = g.input("weights", [count])
    terms = [g.op("Mul", g.input(f"r{i}", [None]), g.op("Gather", weights, g.ints(i))) for i in range(count)]
    g.output("sum", g.op("Sum", *terms))
    return DeviceFunction(g.model(), device)


@lru_cache(maxsize=8)
def _dct(shape: tuple[int, int], device: Device) -> DeviceFunction:
    """DeviceFunction for the DCT: the lowest coefficients of the opponent colours."""
    g = _with_bases()
    planes = g.op("Reshape", "vector", g.ints(3, *shape))
    low = g.op("MatMul", g.op("MatMul", "rows", planes), g.op("Transpose", "columns", perm=[1, 0]))
    g.output("coefficients", g.op("Reshape", _mix(g, "opponents", low), g.ints(-1)))
    return DeviceFunction(g.model(), device)


@lru_cache(maxsize=8)
def _product(device: Device) -> DeviceFunction:
    """DeviceFunction for coefficients × `excess`, element by element."""
    g = Graph()
    g.output("product", g.op("Mul", g.input("coefficients", [None]), g.input("excess", [None])))
    return DeviceFunction(g.model(), device)


@lru_cache(maxsize=8)
def _add_inverse_dct(count: tuple[int, int], device: Device) -> DeviceFunction:
    """DeviceFunction for vector + inverse DCT of `count` coefficients."""
    g = _with_bases()
    coefficients = g.op("Reshape", g.input("coefficients", [None]), g.ints(3, *count))
    colours = _mix(g, g.op("Transpose", "opponents", perm=[1, 0]), coefficients)
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
