"""Devices, sessions and buffers. Nothing else imports onnxruntime or OpenVINO."""

import nst_onnx.runtime.backends  # noqa: F401  (fills the registry)
from nst_onnx.runtime.backend import (
    BACKENDS,
    CPU_PROVIDER,
    Backend,
    Device,
    MemoryUse,
    Precision,
    Provider,
    open_session,
    register,
)
from nst_onnx.runtime.devices import available, choose
from nst_onnx.runtime.onnxruntime_session import OnnxruntimeSession
from nst_onnx.runtime.session import BoundSession, Session, TensorSession

__all__ = [
    "BACKENDS",
    "CPU_PROVIDER",
    "Backend",
    "BoundSession",
    "Device",
    "MemoryUse",
    "OnnxruntimeSession",
    "Precision",
    "Provider",
    "Session",
    "TensorSession",
    "available",
    "choose",
    "open_session",
    "register",
]
