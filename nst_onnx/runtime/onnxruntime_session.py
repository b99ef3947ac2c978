"""onnxruntime sessions with IO binding: inputs and outputs stay in buffers on the device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import onnx

from nst_onnx.errors import DeviceError
from nst_onnx.graph import external_data
from nst_onnx.graph.passes.float16 import to_float16
from nst_onnx.runtime.backend import CPU_PROVIDER, Device
from nst_onnx.runtime.devices import onnxruntime
from nst_onnx.runtime.model_file import ModelFile
from nst_onnx.runtime.session import Array, Tensor
from nst_onnx.support.library_errors import runtime_error

_LARGE = 1 << 24  # bytes of a model above which onnxruntime memory-maps it from a file
_DEAD = 1 << 14  # bytes of a free chunk of the arena that may stay unused when it is allocated


class OnnxruntimeSession:
    """A model loaded by onnxruntime, on the execution provider of the device's backend."""

    def __init__(self, model: onnx.ModelProto, device: Device, threads: int = 0) -> None:
        """`threads`: how many CPU threads to use, 0 for one per physical core.

        Raises DeviceError where the device cannot be used, ModelError where onnxruntime rejects the model.
        """
        ort = onnxruntime()
        if device.float16:
            model = to_float16(model)
        options = ort.SessionOptions()
        options.log_severity_level = 4  # errors are raised; warnings mean nothing to users
        options.intra_op_num_threads = threads
        options.use_deterministic_compute = True
        options.enable_mem_pattern = False  # a block planned at once takes a third more memory
        _share_arena(ort)
        options.add_session_config_entry("session.use_env_allocators", "1")
        file = ModelFile(model) if external_data.used(model) or model.ByteSize() > _LARGE else None
        source = str(file.path) if file else model.SerializeToString()
        try:
            self.ort = ort.InferenceSession(source, options, providers=providers(device))
        except Exception as error:  # onnxruntime's exceptions have no common base class
            raise runtime_error(error, "the model cannot be loaded") from error
        if device.backend.provider.name not in self.ort.get_providers():
            raise DeviceError(
                f"onnxruntime could not start {device}",
                "see nst-onnx doctor; a missing CUDA or cuDNN library is the usual reason",
            )
        self.device = device
        self._once = ort.RunOptions()  # a single run may be large: release its memory for the next session
        self._once.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self.inputs = [i.name for i in self.ort.get_inputs()]
        self.outputs = [o.name for o in self.ort.get_outputs()]

    def run(self, feeds: Mapping[str, Array], outputs: Iterable[str]) -> dict[str, Array]:
        """Compute `outputs` once, from and to numpy arrays."""
        names = list(outputs)
        try:
            values = self.ort.run(names, {k: v for k, v in feeds.items() if k in self.inputs}, self._once)
        except Exception as error:
            raise runtime_error(error, "the model cannot be run") from error
        return dict(zip(names, values, strict=True))

    def bind(self, feeds: Mapping[str, Array], outputs: Mapping[str, tuple[int, ...]]) -> BoundOnnxruntime:
        """Prepare repeated runs: `feeds` are copied to the device now, `outputs` allocated."""
        return BoundOnnxruntime(self, feeds, outputs)


def providers(device: Device) -> list[str | tuple[str, dict[str, str]]]:
    """Return the execution providers of a session: the backend's, and the CPU's for operators it lacks."""
    provider = device.backend.provider
    if provider is CPU_PROVIDER:
        return [provider.name]
    return [(provider.name, dict(provider.options(device))), CPU_PROVIDER.name]


@cache
def _share_arena(ort: Any) -> None:
    """Make all sessions share one CPU arena, so that each reuses memory that another has freed."""
    place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    with suppress(Exception):  # another user of onnxruntime in this process may have registered one
        ort.create_and_register_allocator(place, ort.OrtArenaCfg({"max_dead_bytes_per_chunk": _DEAD}))


class Buffer:
    """A tensor on the device. On the CPU it shares its memory with numpy, and only `write` copies."""

    def __init__(self, array: Array, device: Device) -> None:
        ort = onnxruntime()
        provider = device.backend.provider
        self._shared = np.array(array, order="C") if provider.device == CPU_PROVIDER.device else None
        source = array if self._shared is None else self._shared
        contiguous = np.ascontiguousarray(source)
        self.value = ort.OrtValue.ortvalue_from_numpy(contiguous, provider.device, device.index)

    def write(self, array: Array) -> None:
        """Replace the contents; shape and dtype stay."""
        if self._shared is not None:
            np.copyto(self._shared, array)
        else:
            self.value.update_inplace(np.ascontiguousarray(array))

    def read(self) -> Array:
        """Return the contents; on the CPU a view that the next run overwrites."""
        return self.value.numpy() if self._shared is None else self._shared


class BoundOnnxruntime:
    """A session whose inputs and outputs are bound to buffers: `run` allocates and copies nothing."""

    def __init__(
        self, session: OnnxruntimeSession, feeds: Mapping[str, Array], outputs: Mapping[str, tuple[int, ...]]
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
        """Return the contents of every input."""
        return {name: buffer.read() for name, buffer in self._inputs.items()}

    def tensor(self, name: str) -> Tensor:
        """Return the tensor of an input, to be written to, or of an output, valid until the next run."""
        return (self._inputs | self._outputs)[name].value

    def run(self) -> None:
        """Compute all outputs."""
        try:
            self._session.ort.run_with_iobinding(self._binding)
        except Exception as error:
            raise runtime_error(error, "the model cannot be run") from error

    def read(self, name: str) -> Array:
        """Return an output's contents; on the CPU a view that the next run overwrites."""
        return self._outputs[name].read()
