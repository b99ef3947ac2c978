"""Devices, sessions and buffers. Nothing else imports onnxruntime."""

from nst_onnx.runtime.devices import Device, available, choose
from nst_onnx.runtime.session import Bound, Session

__all__ = ["Bound", "Device", "Session", "available", "choose"]
