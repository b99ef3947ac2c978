"""OpenVINO sessions: the same graphs on the CPU, in float32 or with bfloat16 convolutions, or on a GPU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from nst_onnx.errors import DeviceError
from nst_onnx.runtime.backend import Device
from nst_onnx.runtime.devices import openvino
from nst_onnx.runtime.model_file import ModelFile
from nst_onnx.runtime.openvino.cleanup import remove_identities
from nst_onnx.runtime.openvino.winograd import apply_winograd
from nst_onnx.runtime.session import Array
from nst_onnx.support import disk_arrays, library_errors
from nst_onnx.support.library_errors import runtime_error

if TYPE_CHECKING:
    import openvino as ov

CPU, GPU = "CPU", "GPU"
_SMALL = 1 << 20  # bytes: a picture of about 300×300
_HINT = {"fp32": "f32", "bf16": "bf16"}


@cache
def _core() -> ov.Core:
    return openvino().Core()


@cache
def has_bf16() -> bool:
    """Return whether OpenVINO reports that the processor multiplies bfloat16 faster than float32.

    Raises DeviceError where OpenVINO is broken.
    """
    try:
        return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except DeviceError:
        raise
    except Exception as error:  # OpenVINO raises RuntimeError for everything
        raise DeviceError(
            f"OpenVINO does not work: {library_errors.of(error)}", 'pip install "nst-onnx[openvino]" again'
        ) from error


def has_gpu() -> bool:
    """Return whether OpenVINO is installed and finds a GPU of Intel's."""
    if find_spec("openvino") is None:
        return False
    try:
        return any(name.startswith(GPU) for name in _core().available_devices)
    except Exception:  # a broken installation: the row of the CPU tells it
        return False


class OpenVinoSession:
    """A model loaded by OpenVINO."""

    def __init__(
        self, model: onnx.ModelProto, device: Device, threads: int = 0, *, target: str = CPU
    ) -> None:
        """`threads`: how many to use, 0 for one per physical core. `target`: the device, in OpenVINO's words.

        Raises DeviceError where OpenVINO cannot be imported, ModelError where it rejects the model.
        """
        self._file = ModelFile(model)
        read = self._read()
        self.device = device
        self.inputs = [i.get_any_name() for i in read.inputs]
        self.outputs = [o.get_any_name() for o in read.outputs]
        self._target = target
        self._settings = settings(target, device.precision, threads)
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
        exact_on_cpu = self._target == CPU and self.device.precision == "fp32"
        kernels = apply_winograd(model) if exact_on_cpu else []
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
            return _core().compile_model(model, self._target, self._settings)
        except Exception as error:
            raise runtime_error(error, "the model cannot be loaded") from error


def settings(target: str, precision: str, threads: int) -> dict[str, str | int]:
    """Return OpenVINO's properties for a device and a precision; a GPU has no number of threads."""
    common: dict[str, str | int] = {
        "INFERENCE_PRECISION_HINT": _HINT[precision],
        "PERFORMANCE_HINT": "LATENCY",
    }
    return common | ({"INFERENCE_NUM_THREADS": threads} if target == CPU else {})


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
