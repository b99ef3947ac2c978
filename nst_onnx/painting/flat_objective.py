"""The flat objective: losses and gradient as a function of a vector in grey levels, on host or device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from nst_onnx.graph import Graph
from nst_onnx.objective.objective import Objective
from nst_onnx.objective.shards.sharded import ShardedFlatObjective
from nst_onnx.optim.device_space import DevicePreconditioner, DeviceSpace
from nst_onnx.optim.preconditioner import Preconditioner
from nst_onnx.optim.space import HostSpace, Space
from nst_onnx.runtime import Device
from nst_onnx.runtime.device_tensors import DeviceFunction, fetch, put
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array

Vector = Any
"""A vector of the optimiser: an array of numpy, a tensor on a device, or shards of a cluster's."""

GREY_LEVELS = np.float32(255)  # the unit of published step sizes


class FlatObjective(Protocol):
    """Losses and gradient at a vector (3·H·W,): colour after colour, in grey levels."""

    def __call__(self, x: Vector) -> tuple[Array, Vector]:
        """Return (losses of each term, gradient with respect to the vector)."""

    def space(self) -> Space[Vector]:
        """Return the vector space: where vectors are held, and their operations."""

    def preconditioner(self) -> Preconditioner:
        """Return a preconditioner for them."""

    def distance(self, a: Vector, b: Vector) -> float:
        """Return the root mean square of the difference of two vectors, in grey levels."""

    def host(self, vector: Vector) -> Array:
        """Return a vector as an array."""


def flat_objective(objective: Objective, *, on_disk: bool = False, on_host: bool = False) -> FlatObjective:
    """Return the objective as a function of vectors where they are best held: shards, device, memory or disk.

    `on_disk`: whether vectors are memory-mapped files. `on_host`: whether they must not stay on a device.
    """
    if on_host:
        return HostFlatObjective(objective, on_disk=on_disk)
    if objective.sharded is not None:
        return ShardedFlatObjective(objective.sharded)
    on_device = objective.network.device.backend.vectors_on_device and objective.whole and not on_disk
    return DeviceFlatObjective(objective) if on_device else HostFlatObjective(objective, on_disk=on_disk)


class HostFlatObjective:
    """Vectors are arrays of numpy, in memory or on disk."""

    def __init__(self, objective: Objective, *, on_disk: bool = False) -> None:
        self._objective, self._on_disk = objective, on_disk
        self._picture: Array = disk_arrays.empty((1, 3, *objective.shape), on_disk=on_disk)

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """Return (losses, gradient), the gradient valid until the next call."""
        levels = self._picture.reshape(-1)
        for piece in disk_arrays.chunks(x.size):
            np.divide(x[piece], GREY_LEVELS, out=levels[piece])
            disk_arrays.release(levels, x)
        losses, gradient = self._objective.evaluate(self._picture)
        flat = gradient.reshape(-1)
        for piece in disk_arrays.chunks(x.size):
            flat[piece] /= GREY_LEVELS
            disk_arrays.release(flat)
        return losses, flat

    def space(self) -> HostSpace:
        """Return numpy's space."""
        return HostSpace(self._picture.size, on_disk=self._on_disk)

    def preconditioner(self) -> Preconditioner:
        """Return numpy's preconditioner."""
        return Preconditioner(self._objective.shape, on_disk=self._on_disk)

    def distance(self, a: Array, b: Array) -> float:
        """Return the root mean square difference."""
        total = 0.0
        for piece in disk_arrays.chunks(a.size):
            total += float(np.square(a[piece] - b[piece]).sum())
            disk_arrays.release(a, b)
        return math.sqrt(total / a.size)

    def host(self, vector: Array) -> Array:
        """Return the array itself."""
        return vector


class DeviceFlatObjective:
    """Vectors are tensors on the device; only the losses come to the host."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._device = objective.network.device
        self._picture = _scaled(self._device, [None], [1, 3, *objective.shape])
        self._vector = _scaled(self._device, [1, 3, None, None], [-1])
        self._factor = put([1 / GREY_LEVELS], self._device)

    def __call__(self, x: Vector) -> tuple[Array, Vector]:
        """Return (losses, gradient)."""
        self._picture.into(self._objective.device_picture(), {"x": x, "factor": self._factor})
        losses, gradient = self._objective.evaluate_on_device()
        return losses, self._vector({"x": gradient, "factor": self._factor})

    def space(self) -> DeviceSpace:
        """Return the device's space."""
        height, width = self._objective.shape
        return DeviceSpace(3 * height * width, self._device)

    def preconditioner(self) -> DevicePreconditioner:
        """Return the device's preconditioner."""
        return DevicePreconditioner(self._objective.shape, self._device)

    def distance(self, a: Vector, b: Vector) -> float:
        """Return the root mean square difference."""
        space = self.space()
        change = space.add(a, b, -1.0)
        return float(np.sqrt(max(space.dot(change, change), 0.0) / space.size))

    def host(self, vector: Vector) -> Array:
        """Return a copy on the host."""
        return fetch(vector)


def _scaled(device: Device, given: Sequence[int | None], shape: Sequence[int]) -> DeviceFunction:
    """A tensor times a factor, in another shape."""
    g = Graph()
    x, factor = g.input("x", given), g.input("factor", [1])
    g.output("scaled", g.op("Mul", g.op("Reshape", x, g.ints(*shape)), factor))
    return DeviceFunction(g.model(), device)


def to_vector(picture: Array, *, on_disk: bool = False) -> Array:
    """Return a picture H×W×3 as optimisers see it: (3·H·W,) in grey levels."""
    planes = disk_arrays.empty((3, *picture.shape[:2]), on_disk=on_disk)
    for rows in disk_arrays.strips(picture.shape[0], picture[0].nbytes):
        np.multiply(picture[rows].transpose(2, 0, 1), GREY_LEVELS, out=planes[:, rows])
        disk_arrays.release(planes, picture)
    return planes.reshape(-1)


def to_picture(vector: Array, shape: tuple[int, int], *, on_disk: bool = False) -> Array:
    """Return the picture H×W×3 of an optimiser's vector."""
    picture, planes = disk_arrays.empty((*shape, 3), on_disk=on_disk), vector.reshape(3, *shape)
    for rows in disk_arrays.strips(shape[0], picture[0].nbytes):
        np.divide(planes[:, rows].transpose(1, 2, 0), GREY_LEVELS, out=picture[rows])
        disk_arrays.release(planes, picture)
    return picture
