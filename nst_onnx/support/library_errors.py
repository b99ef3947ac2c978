"""Texts of exceptions from the operating system and from libraries, in one line for a person."""

from __future__ import annotations

from nst_onnx.errors import DeviceError, ModelError


def of(error: BaseException, longest: int = 160) -> str:
    """Return the first line of the exception's text, without its final period, cut to `longest` signs.

    Names the kind of exception where it has no text. Libraries put whole file contents into some.
    """
    lines = str(error).strip().splitlines()
    text = lines[0].rstrip(". ") if lines else ""
    text = "".join(sign if sign.isprintable() else "?" for sign in text)
    return (text if len(text) <= longest else f"{text[:longest]}…") or type(error).__name__


def system_reason(error: OSError) -> str:
    """Return what the operating system says of a failed call, in lower case, without its number."""
    return (error.strerror or str(error)).lower()


def runtime_error(error: Exception, what: str) -> ModelError | DeviceError:
    """Return onnxruntime's or OpenVINO's exception as one of ours, prefixed by `what` failed."""
    text = " ".join(str(error).split())
    if "alloc" in text.lower() or "memory" in text.lower():
        return DeviceError(
            "there is not enough memory", "choose a smaller size: memory grows with the number of pixels"
        )
    return ModelError(f"{what}: {text[:240]}")
