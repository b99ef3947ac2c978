"""Tensors on the device, and small ONNX graphs applied to them (onnxruntime only)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from nst_onnx.runtime.backend import Device
from nst_onnx.runtime.devices import onnxruntime
from nst_onnx.runtime.onnxruntime_session import OnnxruntimeSession
from nst_onnx.runtime.session import Tensor
from nst_onnx.support.library_errors import runtime_error


class DeviceFunction:
    """An ONNX graph with one output, applied to tensors on the device; the result stays there."""

    def __init__(self, model: onnx.ModelProto, device: Device) -> None:
        """Raises DeviceError where the device cannot be used."""
        session = OnnxruntimeSession(model, device.in_float32)
        self._session, self._device = session.ort, device
        (self._output,) = session.outputs

    def __call__(self, feeds: Mapping[str, Tensor]) -> Tensor:
        """Return the result as a new tensor."""
        binding = self._session.io_binding()
        binding.bind_output(self._output, self._device.backend.provider.device, self._device.index)
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
            raise runtime_error(error, "the optimiser cannot be run") from error


def put(array: npt.ArrayLike, device: Device) -> Tensor:
    """Copy an array to the device, as a float32 tensor."""
    copy = np.array(array, np.float32, order="C")  # on the CPU a tensor shares memory with numpy
    return onnxruntime().OrtValue.ortvalue_from_numpy(copy, device.backend.provider.device, device.index)


def fetch(tensor: Tensor) -> npt.NDArray[np.float32]:
    """Copy a tensor to the host."""
    return np.array(tensor.numpy(), np.float32)
