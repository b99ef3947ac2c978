"""OpenVINO sessions: the same graphs on the CPU, in float32 or with bfloat16 convolutions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from nst_onnx.runtime.backend import Device
from nst_onnx.runtime.devices import openvino
from nst_onnx.runtime.model_file import ModelFile
from nst_onnx.runtime.openvino.cleanup import remove_identities
from nst_onnx.runtime.openvino.winograd import apply_winograd
from nst_onnx.runtime.session import Array
from nst_onnx.support import disk_arrays
from nst_onnx.support.library_errors import runtime_error

if TYPE_CHECKING:
    import openvino as ov

_SMALL = 1 << 20  # bytes: a picture of about 300×300
_HINT = {"fp32": "f32", "bf16": "bf16"}


@cache
def _core() -> ov.Core:
    return openvino().Core()


@cache
def has_bf16() -> bool:
    """Return whether OpenVINO reports that the processor multiplies bfloat16 faster than float32."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoSession:
    """A model loaded by OpenVINO."""

    def __init__(self, model: onnx.ModelProto, device: Device, threads: int = 0) -> None:
        """`threads`: how many to use, 0 for one per physical core.

        Raises DeviceError where OpenVINO cannot be imported, ModelError where it rejects the model.
        """
        self._file = ModelFile(model)
        read = self._read()
        self.device = device
        self.inputs = [i.get_any_name() for i in read.inputs]
        self.outputs = [o.get_any_name() for o in read.outputs]
        self._settings = {
            "INFERENCE_PRECISION_HINT": _HINT[device.precision],
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
        }
        self._any_shape: Any = None

    def run(self, feeds: Mapping[str, Array], outputs: Iterable[str]) -> dict[str, Array]:
        """Compute `outputs` once, from and to numpy arrays of any shape."""
        given = {k: np.ascontiguousarray(v) for k, v in feeds.items() if k in self.inputs}
        compiled = self._any_shape or self._compiled(self._read())
        # A compiled model holds the memory of its largest run: after a large one it is released.
        small = sum(array.nbytes for array in given.values()) <= _SMALL
        self._any_shape = compiled if small else None
        request = compiled.create_infer_request()
        try:
            request.infer(given)
        except Exception as error:
            raise runtime_error(error, "the model cannot be run") from error
        return {name: request.get_tensor(name).data.copy() for name in outputs}

    def bind(self, feeds: Mapping[str, Array], outputs: Mapping[str, tuple[int, ...]]) -> BoundOpenVino:
        """Prepare repeated runs; the model is compiled for the shapes of `feeds`."""
        model = self._read()
        given = {name: np.array(feeds[name], order="C") for name in self.inputs}
        try:
            model.reshape({name: list(array.shape) for name, array in given.items()})
        except Exception as error:
            raise runtime_error(error, "the model cannot be run") from error
        remove_identities(model)
        # In bfloat16 Winograd's rounding error would be visible, and it saves less time.
        kernels = apply_winograd(model) if self.device.precision == "fp32" else []
        compiled = self._compiled(model)
        del model
        self._file.release()
        disk_arrays.release(*kernels)
        return BoundOpenVino(compiled, given)

    def _read(self) -> ov.Model:
        """Return the model as OpenVINO reads it. Raises ModelError where it rejects it."""
        try:
            return _core().read_model(self._file.path)
        except Exception as error:  # OpenVINO raises RuntimeError for everything
            raise runtime_error(error, "the model cannot be loaded") from error

    def _compiled(self, model: ov.Model) -> ov.CompiledModel:
        try:
            return _core().compile_model(model, "CPU", self._settings)
        except Exception as error:
            raise runtime_error(error, "the model cannot be loaded") from error


class BoundOpenVino:
    """A session whose inputs share memory with numpy: `run` allocates and copies nothing."""

    def __init__(self, compiled: ov.CompiledModel, feeds: Mapping[str, Array]) -> None:
        self._request = compiled.create_infer_request()
        self._inputs = dict(feeds)
        for name, array in self._inputs.items():
            self._request.set_tensor(name, openvino().Tensor(array, shared_memory=True))

    def write(self, name: str, array: Array) -> None:
        """Replace an input's contents."""
        np.copyto(self._inputs[name], array)

    def feeds(self) -> dict[str, Array]:
        """Return the contents of every input."""
        return dict(self._inputs)

    def run(self) -> None:
        """Compute all outputs."""
        try:
            self._request.infer()
        except Exception as error:
            raise runtime_error(error, "the model cannot be run") from error

    def read(self, name: str) -> Array:
        """Return an output's contents: a view that the next run overwrites."""
        array: Array = self._request.get_tensor(name).data
        return array
