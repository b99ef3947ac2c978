"""Trial of a device: whether it computes what its name promises, before `auto` takes it."""

from __future__ import annotations

from functools import cache

import numpy as np

from nst_onnx.errors import DeviceError
from nst_onnx.graph.builder import Graph
from nst_onnx.runtime.backend import Device, open_session
from nst_onnx.support import library_errors

_CHANNELS, _SIDE, _KERNEL = 4, 5, 3
_EXPECTED = _CHANNELS * _KERNEL**2  # a convolution of ones with ones: exact in every precision


@cache
def fault(device: Device) -> str:
    """Return why a device cannot be used, "" where it can: the result of one small convolution.

    A runtime lists providers that it was built with, also where the machine has no such device or a library
    is missing. Tried once in a process.
    """
    try:
        _try(device)
    except Exception as error:  # a broken installation can raise anything
        return library_errors.of(error)
    return ""


def _try(device: Device) -> None:
    """Compute a convolution. Raises DeviceError where its result is wrong."""
    graph = Graph()
    x = graph.input("x", [1, _CHANNELS, "H", "W"])
    kernel = graph.constant(np.ones((_CHANNELS, _CHANNELS, _KERNEL, _KERNEL)))
    graph.output("y", graph.op("Conv", x, kernel))
    session = open_session(graph.model(), device.without_cuda_graph, 1)
    ones = np.ones((1, _CHANNELS, _SIDE, _SIDE), np.float32)
    result = session.run({"x": ones}, ["y"])["y"]
    if not np.array_equal(result, np.full_like(result, _EXPECTED)):
        raise DeviceError(f"{device} computes a convolution wrongly")
