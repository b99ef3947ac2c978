"""Live preview: the present settings painted in one pass, while the user still chooses them."""

from __future__ import annotations

from typing import Callable

from .choices import EngineRequest
from .failure import Cancelled
from .job import Job
from .pixels import Pixels
from .progress import JobMonitor

SIDE = 320  # pixels on the longest side of a preview
HEIGHT = 240  # pixels that it is shown in, of a dialog that fits on a screen of 768
_INSTANT = "instant"

Paint = Callable[[Pixels, EngineRequest], Job]
"""Starts a job that sends previews."""


class LivePreview:
    """Paints the newest settings, one job at a time; settings that newer ones overtake are left out."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._wanted: tuple[Pixels, EngineRequest] | None = None
        self._monitor: JobMonitor | None = None

    def show(self, content: Pixels, request: EngineRequest) -> None:
        """Ask for a preview of `content`, at most SIDE pixels wide and high, with the settings `request`."""
        self._wanted = content, in_one_pass(request)

    @property
    def busy(self) -> bool:
        """Whether `update` has something to do."""
        return self._wanted is not None or self._monitor is not None

    def update(self) -> Pixels | None:
        """Begin or follow a job; return a new preview, or None. Never blocks.

        Raises Failure where the settings cannot be painted; the next ones may be.
        """
        if self._monitor is None:
            if self._wanted is not None:
                content, request = self._wanted
                self._wanted = None
                self._monitor = JobMonitor(self._paint(content, request))
            return None
        monitor, self._monitor = self._monitor, None
        try:
            running = monitor.update()
        except Cancelled:
            return None
        if running:
            self._monitor = monitor
        return monitor.preview()

    def stop(self) -> None:
        """End the job, and forget the settings asked for."""
        self._wanted = None
        if self._monitor is not None:
            self._monitor.cancel()
            self._monitor = None


def in_one_pass(request: EngineRequest) -> EngineRequest:
    """Return the request with the same settings for one pass, at the size of its content.

    Paintings are not recoloured before one pass: it shows their own colours.
    """
    options = {name: value for name, value in request["options"].items() if name != "size"}
    if options.get("preserve_colour") != "luminance":
        options.pop("preserve_colour", None)
    return {**request, "quality": _INSTANT, "options": options}
