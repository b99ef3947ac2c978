"""Live preview: the present settings painted in one pass, while the user still chooses them."""

from __future__ import annotations

from typing import Callable, NamedTuple

from .archives import LEARNED
from .choices import EngineRequest
from .failure import Cancelled
from .job import Job
from .pixels import Pixels
from .progress import JobMonitor
from .spot import in_part
from .translation import _

SIDE = 320  # pixels on the longest side of a preview
HEIGHT = 240  # pixels that it is shown in, of a dialog that fits on a screen of 768
_INSTANT = "instant"
Variation = tuple[str, float]
"""An option, and the value that it has."""
VARIED = {"strength": ("strength", _("Strength")), "style_scale": ("style-scale", _("Stroke scale"))}
"""Each varied option's control, and its label."""
VARIATIONS: tuple[Variation, ...] = (
    *(("strength", value) for value in (0.1, 0.5, 0.9)),
    *(("style_scale", value) for value in (0.5, 1.0, 2.0)),
)

Paint = Callable[[Pixels, EngineRequest], Job]
"""Starts a job that sends previews."""


class Notices(NamedTuple):
    """What the engine remarks on a preview. `number`: of the preview, as `LivePreview.show` returns it."""

    number: int
    texts: list[str]


class LivePreview:
    """Paints the newest settings, one job at a time; settings that newer ones overtake are left out.

    Variations of the settings are painted when there is nothing else to do.
    """

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._wanted: tuple[int, Pixels, EngineRequest] | None = None
        self._monitor: JobMonitor | None = None
        self._later: list[tuple[Variation, Pixels, EngineRequest]] = []
        self._painted_now: Variation | None = None
        self._varied: tuple[Variation, Pixels] | None = None
        self._newest_number = self._running_number = 0
        self.last_notices = Notices(0, [])
        """Of the preview that ended last."""

    def show(self, content: Pixels, request: EngineRequest) -> int:
        """Ask for a preview of `content`, at most SIDE pixels wide and high, with the settings `request`.

        Return its number.
        """
        self._newest_number += 1
        self._wanted = self._newest_number, content, in_one_pass(request)
        self._later.clear()
        return self._newest_number

    def vary(self, content: Pixels, request: EngineRequest) -> None:
        """Ask for the variations of `request` as well, in the middle of `content`."""
        part = middle(content)
        learned = any(style.endswith(LEARNED) for style in request["styles"])
        for option, value in VARIATIONS:
            if not (learned and option == "style_scale"):
                varied: EngineRequest = {**request, "options": {**request["options"], option: value}}
                varied = in_part(varied, max(content.width, content.height) / max(part.width, part.height))
                self._later.append(((option, value), part, in_one_pass(varied)))

    def variation(self) -> tuple[Variation, Pixels] | None:
        """Return a new picture of a variation, or None."""
        varied, self._varied = self._varied, None
        return varied

    @property
    def busy(self) -> bool:
        """Whether `update` has something to do."""
        return self._wanted is not None or self._monitor is not None or bool(self._later)

    def update(self) -> Pixels | None:
        """Begin or follow a job; return a new preview, or None. Never blocks.

        Raises Failure where the settings cannot be painted; the next ones may be.
        """
        if self._monitor is None:
            if self._wanted is not None:
                self._running_number, content, request = self._wanted
                self._wanted = None
                self._painted_now = None
                self._monitor = JobMonitor(self._paint(content, request))
            elif self._later:
                self._painted_now, content, request = self._later.pop(0)
                self._monitor = JobMonitor(self._paint(content, request))
            return None
        monitor, self._monitor = self._monitor, None
        try:
            running = monitor.update()
        except Cancelled:
            return None
        if running:
            self._monitor = monitor
        elif self._painted_now is None:
            self.last_notices = Notices(self._running_number, monitor.notices)
        picture = monitor.preview()
        if picture is not None and self._painted_now is not None:
            self._varied = self._painted_now, picture
            return None
        return picture

    def stop(self) -> None:
        """End the job, and forget the settings asked for."""
        self._wanted = None
        self._later.clear()
        if self._monitor is not None:
            self._monitor.cancel()
            self._monitor = None


def middle(picture: Pixels) -> Pixels:
    """Return the middle of a picture, half as wide and high."""
    width, height = max(picture.width // 2, 1), max(picture.height // 2, 1)
    pixel = len(picture.data) // (picture.width * picture.height)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    rows = (
        picture.data[(row * picture.width + left) * pixel : (row * picture.width + left + width) * pixel]
        for row in range(top, top + height)
    )
    return Pixels(width, height, picture.channels, picture.type, b"".join(rows), picture.name)


def in_one_pass(request: EngineRequest) -> EngineRequest:
    """Return the request with the same settings for one pass, at the size of its content.

    Paintings are not recoloured before one pass: it shows their own colours.
    """
    options = {name: value for name, value in request["options"].items() if name != "size"}
    if options.get("preserve_colour") != "luminance":
        options.pop("preserve_colour", None)
    return {**request, "quality": _INSTANT, "options": options}
