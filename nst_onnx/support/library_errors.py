"""One-line messages of exceptions from the operating system and from libraries."""

from __future__ import annotations

from nst_onnx.errors import DeviceError, ModelError


def of(error: BaseException, longest: int = 160) -> str:
    """Return the first line of the exception's message, without final period, cut to `longest` characters.

    The name of the exception class where it has no message. Some libraries put whole files into theirs.
    """
    lines = str(error).strip().splitlines()
    text = lines[0].rstrip(". ") if lines else ""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return (text if len(text) <= longest else f"{text[:longest]}…") or type(error).__name__


def system_reason(error: OSError) -> str:
    """Return the operating system's reason for a failed call, in lower case, without the error number."""
    return (error.strerror or str(error)).lower()


def runtime_error(error: Exception, what: str) -> ModelError | DeviceError:
    """Return onnxruntime's or OpenVINO's exception as one of ours, prefixed by `what` failed."""
    text = " ".join(str(error).split())
    if "alloc" in text.lower() or "memory" in text.lower():
        return DeviceError(
            "there is not enough memory", "choose a smaller size: memory grows with the number of pixels"
        )
    return ModelError(f"{what}: {text[:240]}")
