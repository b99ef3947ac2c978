"""The engine beside GIMP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nst_client import sandboxed_engine
from nst_client.progress import Course
from nst_client.region import check_size
from outcome import source
from pixels import taken
from subject import Subject

HERE = Path(__file__).resolve().parent
FINER = 2  # than what it paints: enough for it to scale down well


class NeuralEngine(sandboxed_engine.NeuralEngine):
    """The engine that this plug-in was installed with."""

    def __init__(self) -> None:
        super().__init__(HERE, "org.gimp.GIMP")

    def begin(
        self, subject: Subject, request: dict[str, Any], output: str, *, preview: int | None = None
    ) -> Course | None:
        """Begin to paint; None while the engine is starting. Never waits for it."""
        hello = self.ready()
        if hello is None:
            return None
        size = request["options"].get("size") or hello.qualities[request["quality"]]["size"]
        check_size(subject.seen.width, subject.seen.height, size)
        with source(subject.layer, output) as layer:
            content = taken(layer, subject.seen, FINER * size)
        return Course(self.paint(content, request, preview=preview))
