"""The engine beside GIMP."""

from __future__ import annotations

from pathlib import Path

from nst_client import beside

HERE = Path(__file__).resolve().parent


class NeuralEngine(beside.NeuralEngine):
    """The engine that this plug-in was installed with."""

    def __init__(self) -> None:
        super().__init__(HERE, "org.gimp.GIMP")
