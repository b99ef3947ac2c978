"""Devices, sessions and buffers. Nothing else imports onnxruntime or OpenVINO."""

from nst_onnx.runtime.backends import AnyBound, AnySession, open_session
from nst_onnx.runtime.devices import Device, available, choose
from nst_onnx.runtime.onnxruntime_session import Bound, Session
from nst_onnx.support.heap import give_back

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
