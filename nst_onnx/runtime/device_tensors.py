"""Small graphs run on tensors that stay on the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from nst_onnx.runtime.devices import Device, onnxruntime
from nst_onnx.runtime.failure import readable
from nst_onnx.runtime.onnxruntime_session import Session

Tensor = Any
"""A tensor on a device (onnxruntime.OrtValue)."""


class Kernel:
    """A graph of one output, applied to tensors on the device; its result stays there."""

    def __init__(self, model: onnx.ModelProto, device: Device) -> None:
        """Raises DeviceError where the device cannot be used."""
        session = Session(model, device.exact)
        self._session, self._device = session.ort, device
        (self._output,) = session.outputs

    def __call__(self, feeds: Mapping[str, Tensor]) -> Tensor:
        """Return the result, a new tensor."""
        binding = self._session.io_binding()
        binding.bind_output(self._output, self._device.kind, self._device.index)
        self._run(binding, feeds)
        return binding.get_outputs()[0]

    def into(self, result: Tensor, feeds: Mapping[str, Tensor]) -> None:
        """Write the result to a tensor."""
        binding = self._session.io_binding()
        binding.bind_ortvalue_output(self._output, result)
        self._run(binding, feeds)

    def _run(self, binding: Any, feeds: Mapping[str, Tensor]) -> None:
        for name, tensor in feeds.items():
            binding.bind_ortvalue_input(name, tensor)
        try:
            self._session.run_with_iobinding(binding)
        except Exception as error:
            raise readable(error, "the optimiser cannot be run") from error


def put(array: npt.ArrayLike, device: Device) -> Tensor:
    """Return a copy of an array as a tensor of float32 on the device."""
    copy = np.array(array, np.float32, order="C")  # on the CPU a tensor shares its memory with numpy
    return onnxruntime().OrtValue.ortvalue_from_numpy(copy, device.kind, device.index)


def fetch(tensor: Tensor) -> npt.NDArray[np.float32]:
    """Return a tensor as an array of its own."""
    return np.array(tensor.numpy(), np.float32)
