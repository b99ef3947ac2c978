"""Which devices there are, and which one to use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from nst_onnx.errors import DeviceError

_PROVIDERS = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}


@dataclass(frozen=True)
class Device:
    """A device by onnxruntime's terms: `kind` is "cpu" or "cuda", `index` the number of the GPU."""

    kind: str
    index: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"

    @property
    def providers(self) -> list[str | tuple[str, dict[str, str]]]:
        """Execution providers for a session, the CPU as fallback for what others lack."""
        if self.kind == "cpu":
            return [_PROVIDERS["cpu"]]
        # TensorFloat-32 has 10 bits of precision: too few for the line search, and for exact gradients.
        options = {"device_id": str(self.index), "use_tf32": "0"}
        return [(_PROVIDERS[self.kind], options), _PROVIDERS["cpu"]]


def onnxruntime() -> Any:
    """Import onnxruntime. Raises DeviceError that says which package to install."""
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise DeviceError(
            f"onnxruntime cannot be imported ({error})",
            'install it with pip install "nst-onnx[cpu]", or "nst-onnx[gpu]" for an NVIDIA GPU',
        ) from error
    return ort


def available() -> list[str]:
    """Return the kinds of device that the installed onnxruntime can use, best first."""
    ort = onnxruntime()
    offered = ort.get_available_providers()
    return [kind for kind, provider in _PROVIDERS.items() if provider in offered]


def choose(name: str | None = None) -> Device:
    """Return the device called `name`: "auto", "cpu", "cuda" or "cuda:N".

    None means the environment's NST_ONNX_DEVICE, else "auto": the first GPU where there is one.
    Raises DeviceError for a name that makes no sense, or a device that onnxruntime cannot use.
    """
    name = (name or os.environ.get("NST_ONNX_DEVICE") or "auto").lower()
    kinds = available()
    if name == "auto":
        return Device(kinds[0])
    kind, _, index = name.partition(":")
    if kind not in _PROVIDERS or (index and not index.isdigit()) or (kind == "cpu" and index):
        raise DeviceError(f"there is no device {name!r}", "choose auto, cpu, cuda or cuda:N")
    if kind not in kinds:
        raise DeviceError(
            f"onnxruntime cannot use {kind} here",
            'for an NVIDIA GPU: pip uninstall onnxruntime, then pip install "nst-onnx[gpu]"',
        )
    return Device(kind, int(index or 0))
