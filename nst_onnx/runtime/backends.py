"""Which program runs a model on which device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nst_onnx.runtime.devices import Device
from nst_onnx.runtime.onnxruntime_session import Bound, Session
from nst_onnx.runtime.openvino.session import OpenVinoBound, OpenVinoSession

if TYPE_CHECKING:
    import onnx

AnySession = Session | OpenVinoSession
AnyBound = Bound | OpenVinoBound


def open_session(model: onnx.ModelProto, device: Device, threads: int = 0) -> AnySession:
    """Load a model on a device. `threads`: of the CPU, 0 for one per physical core.

    Raises DeviceError where the device cannot be used, ModelError where the model is refused.
    """
    engine = OpenVinoSession if device.kind == "openvino" else Session
    return engine(model, device, threads)
