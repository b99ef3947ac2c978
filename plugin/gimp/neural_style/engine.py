"""The engine of GIMP's plug-in."""

from __future__ import annotations

from pathlib import Path

from nst_client import sandboxed_engine

HERE = Path(__file__).resolve().parent


class NeuralEngine(sandboxed_engine.NeuralEngine):
    """The engine that this plug-in was installed with."""

    def __init__(self) -> None:
        super().__init__(HERE, "org.gimp.GIMP")
