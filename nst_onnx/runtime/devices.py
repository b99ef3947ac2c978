"""Devices by name, and the import of the libraries that run models."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable
from types import ModuleType

from nst_onnx.errors import DeviceError
from nst_onnx.runtime import telemetry
from nst_onnx.runtime.backend import BACKENDS, Backend, Device
from nst_onnx.support import library_errors
from nst_onnx.support.arguments import shown
from nst_onnx.support.standard_error import without_lines

_FATAL = 4  # onnxruntime's severity: its errors are raised as exceptions, so that no line is missed
_told: set[str] = set()  # kinds that do not work, and have been told


class DeviceWarning(UserWarning):
    """A device that should work does not, and another is used."""


def onnxruntime() -> ModuleType:
    """Import onnxruntime without its telemetry. Raises DeviceError that says which package to install."""
    telemetry.disable()
    try:
        with without_lines(":onnxruntime:", unless="onnxruntime" in sys.modules):  # its search for GPUs
            import onnxruntime as ort
    except ImportError as error:
        raise DeviceError(
            f"onnxruntime cannot be imported ({error})",
            'install it with pip install "nst-onnx[cpu]", or "nst-onnx[gpu]" for an NVIDIA GPU',
        ) from error
    ort.disable_telemetry_events()  # the switch of Windows builds, which report through the system
    ort.set_default_logger_severity(_FATAL)  # in a container it reports each thread that it cannot pin
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
    first GPU, else OpenVINO, else onnxruntime on the CPU) that computes a small convolution, in bfloat16 on
    OpenVINO where the processor has it; pictures do not differ visibly. A DeviceWarning names those that do
    not work. Where the result is to be `exact`, `auto` takes exact backends only,
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
        ranked = [b for b in BACKENDS.values() if b.rank is not None and (b.exact or not exact)]
        return _first_that_works(sorted(ranked, key=_preference), exact)
    device = _parse(name)
    if not _is_here(device.kind):
        raise DeviceError(
            f"{device.kind} cannot be used here: there is no device for it",
            f"choose {', '.join(available()) or 'another one'}, or {device.backend.install}",
        )
    return device


def _first_that_works(backends: Iterable[Backend], exact: bool) -> Device:
    """Return the first device that works, with a DeviceWarning about those before it, once in a process.

    One that is required is not tried: without it nothing works. Raises DeviceError where there is none.
    """
    from nst_onnx.runtime import trial  # opens sessions, which import this module

    faults: dict[str, str] = {}
    for backend in backends:
        if not backend.is_available():
            continue
        device = Device(backend.kind)
        try:
            device = Device(backend.kind, precision="fp32" if exact else backend.default_precision)
            reason = "" if backend.required else trial.fault(device)
        except Exception as error:  # a broken installation can raise anything
            reason = library_errors.of(error)
        if not reason:
            if faults.keys() - _told:
                causes = "; ".join(f"{kind} does not work ({cause})" for kind, cause in faults.items())
                warnings.warn(f"auto takes {device}: {causes}", DeviceWarning, stacklevel=3)
                _told.update(faults)
            return device
        faults[backend.kind] = reason
    causes = "; ".join(f"{kind}: {cause}" for kind, cause in faults.items())
    raise DeviceError(f"no device works here ({causes})", "see nst-onnx doctor")


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
