"""Devices by name, and the import of the libraries that run models."""

from __future__ import annotations

import os
from types import ModuleType

from nst_onnx.errors import DeviceError
from nst_onnx.runtime import telemetry
from nst_onnx.runtime.backend import BACKENDS, Backend, Device
from nst_onnx.support.arguments import shown


def onnxruntime() -> ModuleType:
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
    module: ModuleType = ort
    return module


def openvino() -> ModuleType:
    """Import OpenVINO, with its passes, without its telemetry.

    Raises DeviceError that says which package to install.
    """
    telemetry.disable()
    try:
        import openvino as ov
        import openvino.passes
    except ImportError as error:
        raise DeviceError(
            f"OpenVINO cannot be imported ({error})", 'pip install "nst-onnx[openvino]"'
        ) from error
    module: ModuleType = ov
    return module


def available() -> list[str]:
    """Return the kinds of device that can be used here, in the order in which `auto` prefers them."""
    kinds = [backend for backend in BACKENDS.values() if backend.is_available()]
    return [backend.kind for backend in sorted(kinds, key=_preference)]


def choose(name: str | None = None, *, exact: bool = False) -> Device:
    """Return the device of a name.

    Names are "auto" and KIND[:INDEX][:PRECISION][:OPTION]… of the registered backends: "cpu", "openvino",
    "openvino:bf16", "cuda", "cuda:N", "cuda:N:tf32" and "cuda:N:fp16", those of CUDA with ":nhwc" or ":graph"
    or both at the end.
    None means the environment's NST_ONNX_DEVICE, else "auto": the available backend of the highest rank (the
    first GPU, else OpenVINO, else onnxruntime on the CPU), in bfloat16 on OpenVINO where the processor has
    it; pictures do not differ visibly. Where the result is to be `exact`, `auto` takes exact backends only,
    in float32. Without a precision, the name of a device means float32.
    Raises DeviceError for a name that makes no sense, or a device that cannot be used here.
    """
    if name is not None and not isinstance(name, str):
        raise DeviceError(f"a device is named by a text, not by {shown(name)}", _names())
    if not name and (named := os.environ.get("NST_ONNX_DEVICE")):
        try:
            return choose(named, exact=exact)
        except DeviceError as error:
            raise DeviceError(f"{error} (from NST_ONNX_DEVICE)", error.hint) from error
    name = (name or "auto").lower()
    if name == "auto":
        found = [BACKENDS[kind] for kind in available()]
        backend = next(b for b in found if b.rank is not None and (b.exact or not exact))
        return Device(backend.kind, precision="fp32" if exact else backend.default_precision)
    device = _parse(name)
    if not _is_here(device.kind):
        raise DeviceError(f"{device.kind} cannot be used here", device.backend.install)
    return device


def _preference(backend: Backend) -> float:
    return float("inf") if backend.rank is None else -backend.rank


def _is_here(kind: str) -> bool:
    """Whether a kind can be used; imports no library of another."""
    return BACKENDS[kind].is_available()


def _parse(name: str) -> Device:
    """Read KIND[:INDEX][:PRECISION][:OPTION]…"""
    kind, *more = name.split(":")
    backend = BACKENDS.get(kind)
    if backend is not None:
        index = int(more.pop(0)) if backend.count and more and more[0].isdigit() else 0
        precisions = {"fp32", *(precision.name for precision in backend.precisions)}
        precision = more.pop(0) if more and more[0] not in backend.options else "fp32"
        if precision in precisions and set(more) <= set(backend.options) and len(set(more)) == len(more):
            return Device(kind, index, precision, **dict.fromkeys(more, True))
    raise DeviceError(f"there is no device {name!r}", _names())


def _names() -> str:
    """Return the hint that lists all names."""
    names, options = ["auto"], []
    for backend in BACKENDS.values():
        indexed = f"{backend.kind}:N" if backend.count else backend.kind
        names += [backend.kind, *([indexed] if backend.count else [])]
        names += [f"{indexed}:{precision.name}" for precision in backend.precisions]
        if backend.options:
            ends = " or ".join(f":{option}" for option in backend.options)
            options.append(f" ({backend.kind}'s with {ends} at the end)")
    return f"choose {', '.join(names[:-1])} or {names[-1]}{''.join(options)}"
