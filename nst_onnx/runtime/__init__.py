"""Devices, sessions and buffers. Nothing else imports onnxruntime or OpenVINO."""

from nst_onnx.runtime.devices import Device, available, choose
from nst_onnx.runtime.engines import AnyBound, AnySession, open_session
from nst_onnx.runtime.heap import give_back
from nst_onnx.runtime.session import Bound, Session

__all__ = [
    "AnyBound",
    "AnySession",
    "Bound",
    "Device",
    "Session",
    "available",
    "choose",
    "give_back",
    "open_session",
]
