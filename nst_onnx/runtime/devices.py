"""Which devices there are, and which one to use."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Any

from nst_onnx.errors import DeviceError
from nst_onnx.runtime import telemetry

_PROVIDERS = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}
_REDUCED = {"cuda": ("tf32", "fp16"), "openvino": ("bf16",)}  # what each kind has beside float32
_WAYS = {"cuda": ("nhwc", "graph")}  # to do the same, of which one may be quicker
_INSTALL = {
    "cuda": 'for an NVIDIA GPU: pip uninstall onnxruntime, then pip install "nst-onnx[gpu]"',
    "openvino": 'pip install "nst-onnx[openvino]"',
    "cpu": 'pip install "nst-onnx[cpu]"',
}


@dataclass(frozen=True)
class Device:
    """Where a network runs, and how precisely.

    `kind`: "cpu" (onnxruntime), "openvino" (the CPU through OpenVINO) or "cuda"; `index`: the number of the
    GPU; `precision`: "fp32", or "bf16" (OpenVINO), "tf32" or "fp16" (CUDA) for convolutions with fewer bits.
    On CUDA: `nhwc`, whether channels come last inside; `graph`, whether a repeated run's launches are
    recorded, and played as one.
    """

    kind: str
    index: int = 0
    precision: str = "fp32"
    nhwc: bool = False
    graph: bool = False

    def __str__(self) -> str:
        parts = [self.kind, str(self.index) if self.kind == "cuda" else "", self.precision]
        ways = [way for way in _WAYS.get(self.kind, ()) if getattr(self, way)]
        return ":".join(part for part in (*parts, *ways) if part and part != "fp32")

    @property
    def unrecorded(self) -> Device:
        """The same for graphs whose buffers come and go."""
        return replace(self, graph=False)

    @property
    def for_tiles(self) -> Device:
        """The same for graphs that scale no loss, and whose buffers come and go."""
        return replace(self.unrecorded, precision="tf32" if self.precision == "fp16" else self.precision)

    @property
    def exact(self) -> Device:
        """The same in float32, for small graphs of all kinds."""
        return Device(self.kind, self.index)

    @property
    def providers(self) -> list[str | tuple[str, dict[str, str]]]:
        """Execution providers of onnxruntime for a session, the CPU as fallback for what others lack."""
        if self.kind != "cuda":
            return [_PROVIDERS["cpu"]]
        # TensorFloat-32 has 10 bits of precision: too few for exact gradients, so only where asked for.
        options = {"device_id": str(self.index), "use_tf32": str(int(self.precision != "fp32"))}
        options |= {"prefer_nhwc": "1"} if self.nhwc else {}
        options |= {"enable_cuda_graph": "1"} if self.graph else {}
        return [(_PROVIDERS[self.kind], options), _PROVIDERS["cpu"]]


def onnxruntime() -> Any:
    """Import onnxruntime without its telemetry. Raises DeviceError that says which package to install."""
    telemetry.disable()
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise DeviceError(
            f"onnxruntime cannot be imported ({error})",
            'install it with pip install "nst-onnx[cpu]", or "nst-onnx[gpu]" for an NVIDIA GPU',
        ) from error
    ort.disable_telemetry_events()  # the switch of Windows builds, which report through the system
    return ort


def openvino() -> Any:
    """Import OpenVINO, with its passes, without its telemetry.

    Raises DeviceError that says which package to install.
    """
    telemetry.disable()
    try:
        import openvino as ov
        import openvino.passes
    except ImportError as error:
        raise DeviceError(f"OpenVINO cannot be imported ({error})", _INSTALL["openvino"]) from error
    return ov


def available() -> list[str]:
    """Return the kinds of device that can be used here, best first."""
    offered = onnxruntime().get_available_providers()
    kinds = [kind for kind in ("cuda",) if _PROVIDERS[kind] in offered]
    kinds += ["openvino"] if find_spec("openvino") else []
    return [*kinds, "cpu"]


@cache
def has_bf16() -> bool:
    """Return whether the processor multiplies bfloat16 faster than float32, by OpenVINO's account."""
    return "BF16" in openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def choose(name: str | None = None, *, exact: bool = False) -> Device:
    """Return the device of a name.

    Names are "auto", "cpu", "openvino", "openvino:bf16", "cuda", "cuda:N", "cuda:N:tf32" and "cuda:N:fp16",
    those of CUDA with ":nhwc" or ":graph" or both at the end.
    None means the environment's NST_ONNX_DEVICE, else "auto": the first GPU where there is one, else
    the CPU by the fastest means installed: OpenVINO in bfloat16 where the processor has it, which looks
    the same; but onnxruntime in float32 where the result is to be `exact`. Without a precision, the
    name of a device means float32.
    Raises DeviceError for a name that makes no sense, or a device that cannot be used here.
    """
    if not name and (named := os.environ.get("NST_ONNX_DEVICE")):
        try:
            return choose(named, exact=exact)
        except DeviceError as error:
            raise DeviceError(f"{error} (said NST_ONNX_DEVICE)", error.hint) from error
    name = (name or "auto").lower()
    if name == "auto":
        kinds = available()
        fastest = next(kind for kind in kinds if not (exact and kind == "openvino"))
        return Device(fastest, precision="bf16" if fastest == "openvino" and has_bf16() else "fp32")
    device = _parse(name)
    if not _is_here(device.kind):
        raise DeviceError(f"{device.kind} cannot be used here", _INSTALL[device.kind])
    return device


def _is_here(kind: str) -> bool:
    """Whether a kind can be used, without importing what the others need."""
    return find_spec("openvino") is not None if kind == "openvino" else kind in available()


def _parse(name: str) -> Device:
    """Read KIND[:INDEX][:PRECISION][:WAY]…"""
    kind, *more = name.split(":")
    index = int(more.pop(0)) if kind == "cuda" and more and more[0].isdigit() else 0
    ways = _WAYS.get(kind, ())
    precision = more.pop(0) if more and more[0] not in ways else "fp32"
    known = precision in ("fp32", *_REDUCED.get(kind, ())) and set(more) <= set(ways)
    if kind not in _INSTALL or not known or len(set(more)) < len(more):
        raise DeviceError(
            f"there is no device {name!r}",
            "choose auto, cpu, openvino, openvino:bf16, cuda, cuda:N, cuda:N:tf32 or cuda:N:fp16 "
            "(CUDA's with :nhwc or :graph at the end)",
        )
    return Device(kind, index, precision, **dict.fromkeys(more, True))
