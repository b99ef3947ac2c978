"""Sessions by onnxruntime: a model on a device, run with IO binding into buffers that stay there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from nst_onnx.errors import DeviceError
from nst_onnx.graph import external_data
from nst_onnx.graph.passes.float16 import halved
from nst_onnx.runtime.devices import Device, onnxruntime
from nst_onnx.runtime.failure import readable
from nst_onnx.runtime.model_file import ModelFile

Array = npt.NDArray[Any]

_LARGE = 1 << 24  # bytes of a model that is better read from a file
_DEAD = 1 << 14  # bytes of a free piece of memory that may be left unused behind what takes the piece


class Session:
    """A model loaded on a device."""

    def __init__(self, model: onnx.ModelProto, device: Device, threads: int = 0) -> None:
        """`threads`: how many CPU threads to use, 0 for one per physical core.

        Raises DeviceError where the device cannot be used, ModelError where the runtime refuses the model.
        """
        ort = onnxruntime()
        if device.precision == "fp16":
            model = halved(model)
        options = ort.SessionOptions()
        options.log_severity_level = 4  # what goes wrong is raised; warnings mean nothing to a person
        options.intra_op_num_threads = threads
        options.use_deterministic_compute = True
        options.enable_mem_pattern = False  # a block planned at once takes a third more than needed
        _share_memory(ort)
        options.add_session_config_entry("session.use_env_allocators", "1")
        file = (
            ModelFile(model) if external_data.has_external_data(model) or model.ByteSize() > _LARGE else None
        )
        source = str(file.path) if file else model.SerializeToString()
        try:
            self.ort = ort.InferenceSession(source, options, providers=device.providers)
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise readable(error, "the model cannot be loaded") from error
        active = self.ort.get_providers()
        if device.kind != "cpu" and len(active) == 1:
            raise DeviceError(
                f"onnxruntime could not start {device}",
                "see nst-onnx doctor; a missing CUDA or cuDNN library is the usual reason",
            )
        self.device = device
        self._once = ort.RunOptions()  # such a run may be large, and its memory is needed elsewhere
        self._once.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self.inputs = [i.name for i in self.ort.get_inputs()]
        self.outputs = [o.name for o in self.ort.get_outputs()]

    def run(self, feeds: Mapping[str, Array], outputs: Iterable[str]) -> dict[str, Array]:
        """Compute `outputs` once, from and to arrays of numpy."""
        names = list(outputs)
        try:
            values = self.ort.run(names, {k: v for k, v in feeds.items() if k in self.inputs}, self._once)
        except Exception as error:
            raise readable(error, "the model cannot be run") from error
        return dict(zip(names, values, strict=True))

    def bind(self, feeds: Mapping[str, Array], outputs: Mapping[str, tuple[int, ...]]) -> Bound:
        """Prepare repeated runs: `feeds` are copied to the device now, `outputs` allocated."""
        return Bound(self, feeds, outputs)


@cache
def _share_memory(ort: Any) -> None:
    """Let all sessions take their memory on the CPU from one place: what one leaves, another uses."""
    place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    with suppress(Exception):  # whoever else uses onnxruntime in this process may have done it already
        ort.create_and_register_allocator(place, ort.OrtArenaCfg({"max_dead_bytes_per_chunk": _DEAD}))


class Buffer:
    """A tensor on the device. On the CPU it shares its memory with numpy, and only `write` copies."""

    def __init__(self, array: Array, device: Device) -> None:
        ort = onnxruntime()
        self._shared = np.array(array, order="C") if device.kind == "cpu" else None
        source = array if self._shared is None else self._shared
        self.value = ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(source), device.kind, device.index)

    def write(self, array: Array) -> None:
        """Replace the contents; shape and dtype stay."""
        if self._shared is not None:
            np.copyto(self._shared, array)
        else:
            self.value.update_inplace(np.ascontiguousarray(array))

    def read(self) -> Array:
        """Return the contents; on the CPU a view that the next run overwrites."""
        return self.value.numpy() if self._shared is None else self._shared


class Bound:
    """A session with all inputs and outputs in place: each `run` allocates nothing and moves nothing."""

    def __init__(
        self, session: Session, feeds: Mapping[str, Array], outputs: Mapping[str, tuple[int, ...]]
    ) -> None:
        self._session = session
        self._binding = session.ort.io_binding()
        self._inputs = {
            name: Buffer(value, session.device) for name, value in feeds.items() if name in session.inputs
        }
        self._outputs = {
            name: Buffer(np.zeros(shape, np.float32), session.device) for name, shape in outputs.items()
        }
        for name, buffer in self._inputs.items():
            self._binding.bind_ortvalue_input(name, buffer.value)
        for name, buffer in self._outputs.items():
            self._binding.bind_ortvalue_output(name, buffer.value)

    def write(self, name: str, array: Array) -> None:
        """Replace an input's contents."""
        self._inputs[name].write(array)

    def feeds(self) -> dict[str, Array]:
        """Return every input's contents."""
        return {name: buffer.read() for name, buffer in self._inputs.items()}

    def there(self, name: str) -> Any:
        """Return an input's tensor on the device, to be written to, or an output's, until the next run."""
        return (self._inputs | self._outputs)[name].value

    def run(self) -> None:
        """Compute all outputs."""
        try:
            self._session.ort.run_with_iobinding(self._binding)
        except Exception as error:
            raise readable(error, "the model cannot be run") from error

    def read(self, name: str) -> Array:
        """Return an output's contents; on the CPU a view that the next run overwrites."""
        return self._outputs[name].read()
