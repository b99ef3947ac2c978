"""Backend: what a kind of device can do. Device: one of a kind, with its precision. The registry of kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from nst_onnx.errors import DeviceError

if TYPE_CHECKING:
    import onnx

    from nst_onnx.runtime.session import Session

BACKENDS: dict[str, Backend] = {}
"""{kind: backend} of every registered kind."""


class MemoryUse(NamedTuple):
    """Measured peak memory of a session.

    `weights`: a multiple of the model's size. `aligned`, `unaligned`: multiples of the features' size, where
    channels fill the runtime's blocks of 16, and where they do not.
    """

    weights: float
    aligned: float
    unaligned: float


@dataclass(frozen=True)
class Precision:
    """A reduced precision of convolutions."""

    name: str
    memory: MemoryUse | None = None
    """None: as in float32."""
    is_default: Callable[[], bool] = lambda: False
    """Whether `auto` uses it on this machine."""
    float16: bool = False
    """Whether gradients between the layers are float16: the loss is scaled then."""
    in_tiles: str | None = None
    """The precision of tiles, whose graphs scale no loss; None: the same."""


@dataclass(frozen=True)
class Provider:
    """An execution provider of onnxruntime."""

    name: str
    device: str
    """The type of device that its tensors are on, in onnxruntime's words."""
    options: Callable[[Device], Mapping[str, str]] = lambda device: {}


CPU_PROVIDER = Provider("CPUExecutionProvider", "cpu")


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A kind of device. `nst_onnx.runtime.backends` has the table; `register` adds others."""

    kind: str
    """Its name, and the first part of its devices' names."""
    open: Callable[[onnx.ModelProto, Device, int], Session]
    """From a model, a device and a number of CPU threads (0: one per physical core) to a session."""
    is_available: Callable[[], bool]
    """Whether it can be used here. Raises DeviceError where its library cannot be imported."""
    install: str
    """How to install what it requires."""
    memory: MemoryUse
    """Of sessions in float32."""

    rank: int | None = None
    """`auto` uses the available kind of the highest rank; None: only where it is named."""
    exact: bool = True
    """Whether float32 results are exact enough for `auto` to use it for published presets."""
    precisions: tuple[Precision, ...] = ()
    """Reduced precisions; all backends compute in float32."""
    options: tuple[str, ...] = ()
    """Execution options that do not change the result: fields of `Device`."""
    provider: Provider = CPU_PROVIDER
    """Runs the graphs of `OnnxruntimeSession` and of tensors on the device."""

    channels_last: bool = False
    """Whether features are N×H×W×C inside: Gram matrices are then products over positions, without a copy."""
    first_to_last: bool = False
    """Whether an operator's inputs are evaluated in their order; onnxruntime's order is the reverse."""
    vectors_on_device: bool = False
    """Whether picture and optimiser stay on the device, as tensors of `provider`."""

    gpu: bool = False
    """Whether it is a GPU: larger budgets of quality, and one of a cluster's GPUs for each worker."""
    count: Callable[[], int] | None = None
    """How many devices there are, each with an index in its name; None: one, without an index."""
    device_memory: Callable[[int], int | None] | None = None
    """From an index to the bytes of the device's own memory; None: it uses the machine's."""
    required: bool = False
    """Whether an installation on which it fails is broken."""
    missing: str = ""
    """What `nst-onnx doctor` prints where it is not available; empty: nothing."""

    def precision(self, name: str) -> Precision:
        """Return a precision by name. Raises DeviceError where the backend lacks it."""
        for precision in (Precision("fp32"), *self.precisions):
            if precision.name == name:
                return precision
        raise DeviceError(f"{self.kind} has no precision {name!r}")

    @property
    def default_precision(self) -> str:
        """The name of the precision that `auto` uses on this machine."""
        return next((precision.name for precision in self.precisions if precision.is_default()), "fp32")


def open_session(model: onnx.ModelProto, device: Device, threads: int = 0) -> Session:
    """Load a model on a device. `threads`: of the CPU, 0 for one per physical core.

    Raises DeviceError where the device cannot be used, ModelError where the runtime rejects the model.
    """
    return device.backend.open(model, device, threads)


def register(backend: Backend) -> None:
    """Add a kind of device. Raises ValueError where its name is taken, or no lower-case identifier."""
    kind = backend.kind
    if kind in (*BACKENDS, "auto") or not (kind.isidentifier() and kind.islower()):
        raise ValueError(f"a backend cannot be named {kind!r}")
    BACKENDS[backend.kind] = backend


@dataclass(frozen=True)
class Device:
    """Where a network runs, and how precisely.

    `kind`: that of a registered backend: "cpu" (onnxruntime), "openvino" (the CPU by OpenVINO), "cuda", …;
    `index`: the number of the GPU; `precision`: "fp32", or a reduced one of the backend. Execution options of
    CUDA: `nhwc`, whether features are N×H×W×C inside; `graph`, whether launches are recorded in a CUDA graph
    and replayed, which requires fixed buffers.
    """

    kind: str
    index: int = 0
    precision: str = "fp32"
    nhwc: bool = False
    graph: bool = False

    def __str__(self) -> str:
        index = str(self.index) if self.backend.count else ""
        options = [option for option in self.backend.options if getattr(self, option)]
        parts = (self.kind, index, self.precision, *options)
        return ":".join(part for part in parts if part and part != "fp32")

    @property
    def backend(self) -> Backend:
        """The backend of this kind. Raises DeviceError where none is registered."""
        try:
            return BACKENDS[self.kind]
        except KeyError:
            hint = f"choose one of {', '.join(BACKENDS)}"
            raise DeviceError(f"there is no device {self.kind!r}", hint) from None

    @property
    def memory(self) -> MemoryUse:
        """The peak memory of sessions in this precision."""
        return self.backend.precision(self.precision).memory or self.backend.memory

    @property
    def float16(self) -> bool:
        """Whether gradients between the layers are float16, so that the loss must be scaled."""
        return self.backend.precision(self.precision).float16

    @property
    def without_cuda_graph(self) -> Device:
        """The same for sessions whose buffers change."""
        return replace(self, graph=False)

    @property
    def for_tiles(self) -> Device:
        """The same for sessions whose buffers change and whose graphs scale no loss."""
        precision = self.backend.precision(self.precision).in_tiles or self.precision
        return replace(self.without_cuda_graph, precision=precision)

    @property
    def in_float32(self) -> Device:
        """The same in float32 without execution options, for small graphs."""
        return Device(self.kind, self.index)
