"""The engine of GIMP's plug-in."""

from __future__ import annotations

from pathlib import Path

from nst_client import sandboxed_engine
from nst_client.choices import EngineRequest
from nst_client.progress import JobMonitor
from nst_client.region import check_size
from outcome import source_layer
from pixels import read_pixels
from subject import Subject

HERE = Path(__file__).resolve().parent
OVERSAMPLING = 2  # content pixels per painted pixel, so that the engine's own filter does the scaling


class NeuralEngine(sandboxed_engine.NeuralEngine):
    """The engine that this plug-in was installed with."""

    def __init__(self) -> None:
        super().__init__(HERE, "org.gimp.GIMP")

    def begin(
        self, subject: Subject, request: EngineRequest, output: str, *, preview: int | None = None
    ) -> JobMonitor | None:
        """Start a job; return None while the engine is still starting. Never blocks."""
        hello = self.ready()
        if hello is None:
            return None
        size = request["options"].get("size") or hello.qualities[request["quality"]]["size"]
        check_size(subject.context.width, subject.context.height, size)
        with source_layer(subject.layer, output) as layer:
            content = read_pixels(layer, subject.context, OVERSAMPLING * size)
        return JobMonitor(self.paint(content, request, preview=preview))
