"""Sessions by OpenVINO: the same graphs on the CPU, in float32 or with bfloat16 convolutions."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from nst_onnx.runtime.devices import Device, openvino
from nst_onnx.runtime.failure import readable

Array = npt.NDArray[Any]

_HINT = {"fp32": "f32", "bf16": "bf16"}


@cache
def _core() -> Any:
    return openvino().Core()


class OpenVinoSession:
    """A model loaded by OpenVINO."""

    def __init__(self, model: onnx.ModelProto, device: Device, threads: int = 0) -> None:
        """`threads`: how many to use, 0 for one per physical core.

        Raises DeviceError where OpenVINO cannot be imported, ModelError where it refuses the model.
        """
        core = _core()
        try:
            self._model = core.read_model(io.BytesIO(model.SerializeToString()))
        except Exception as error:  # OpenVINO raises RuntimeError for everything
            raise readable(error, "the model cannot be loaded") from error
        self.device = device
        self.inputs = [i.get_any_name() for i in self._model.inputs]
        self.outputs = [o.get_any_name() for o in self._model.outputs]
        self._settings = {
            "INFERENCE_PRECISION_HINT": _HINT[device.precision],
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
        }
        self._any_shape: Any = None

    def run(self, feeds: Mapping[str, Array], outputs: Iterable[str]) -> dict[str, Array]:
        """Compute `outputs` once, from and to arrays of numpy of any shape."""
        if self._any_shape is None:
            self._any_shape = self._compiled(self._model)
        request = self._any_shape.create_infer_request()
        try:
            request.infer({k: np.ascontiguousarray(v) for k, v in feeds.items() if k in self.inputs})
        except Exception as error:
            raise readable(error, "the model cannot be run") from error
        return {name: request.get_tensor(name).data.copy() for name in outputs}

    def bind(self, feeds: Mapping[str, Array], outputs: Mapping[str, tuple[int, ...]]) -> OpenVinoBound:
        """Prepare repeated runs with inputs of these shapes, for which the model is compiled anew."""
        model = self._model.clone()
        given = {name: np.array(feeds[name], order="C") for name in self.inputs}
        try:
            model.reshape({name: list(array.shape) for name, array in given.items()})
        except Exception as error:
            raise readable(error, "the model cannot be run") from error
        return OpenVinoBound(self._compiled(model), given)

    def _compiled(self, model: Any) -> Any:
        try:
            return _core().compile_model(model, "CPU", self._settings)
        except Exception as error:
            raise readable(error, "the model cannot be loaded") from error


class OpenVinoBound:
    """A session with all inputs in place: each `run` allocates nothing and moves nothing."""

    def __init__(self, compiled: Any, feeds: Mapping[str, Array]) -> None:
        self._request = compiled.create_infer_request()
        self._inputs = dict(feeds)
        for name, array in self._inputs.items():
            self._request.set_tensor(name, openvino().Tensor(array, shared_memory=True))

    def write(self, name: str, array: Array) -> None:
        """Replace an input's contents."""
        np.copyto(self._inputs[name], array)

    def run(self) -> None:
        """Compute all outputs."""
        try:
            self._request.infer()
        except Exception as error:
            raise readable(error, "the model cannot be run") from error

    def read(self, name: str) -> Array:
        """Return an output's contents: a view that the next run overwrites."""
        array: Array = self._request.get_tensor(name).data
        return array
