"""What went wrong in a runtime, in one line."""

from __future__ import annotations

from nst_onnx.errors import DeviceError, ModelError


def readable(error: Exception, what: str) -> ModelError | DeviceError:
    """Turn the error of onnxruntime or OpenVINO into one of ours."""
    text = " ".join(str(error).split())
    if "alloc" in text.lower() or "memory" in text.lower():
        return DeviceError(
            "there is not enough memory", "choose a smaller size: memory grows with the number of pixels"
        )
    return ModelError(f"{what}: {text[:240]}")
