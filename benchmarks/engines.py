"""What computes our objective: one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.turns import Tell
from nst_onnx.errors import DeviceError, NstError
from nst_onnx.objective.sessions import Network
from nst_onnx.runtime.openvino.session import has_bf16


@dataclass(frozen=True)
class Engine:
    """A device of `Network.open` by its name, and the precision it computes in ("fp32" or "bf16")."""

    device: str
    label: str
    precision: str

    def __str__(self) -> str:
        return f"{self.label} {self.precision}"

    def open(self, model: str) -> Network:
        """Return the network on this engine.

        Raises NstError where the engine is not installed, or the processor lacks what makes it quick.
        """
        network = Network.open(model, self.device)
        if self.precision == "bf16" and not has_bf16():
            raise DeviceError("the processor does not multiply bfloat16")
        return network


ENGINES = (
    Engine("cpu", "onnxruntime", "fp32"),
    Engine("openvino", "OpenVINO", "fp32"),
    Engine("openvino:bf16", "OpenVINO", "bf16"),
)
EXACT = ENGINES[0]
"""Installed everywhere; judges what others compute."""


def opened(engines: Sequence[Engine], model: str, tell: Tell) -> dict[Engine, Network]:
    """Return the engines that can be used here, with the network on each."""
    found = {}
    for engine in engines:
        try:
            found[engine] = engine.open(model)
        except NstError as error:
            tell(f"{engine} is left out: {error}")
    return found
