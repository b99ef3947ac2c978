"""One `stylize` request: checks it, paints, and sends its events. The base of what paints otherwise."""

from __future__ import annotations

import contextlib
import math
import threading
import time
import traceback
import warnings
from typing import TYPE_CHECKING

import numpy as np

from nst_onnx.editors.worker import pixels
from nst_onnx.editors.worker.channel import Channel
from nst_onnx.editors.worker.folder import Folder
from nst_onnx.editors.worker.protocol import Message, cut, error_event
from nst_onnx.editors.worker.request import Preview, Request
from nst_onnx.errors import NstError
from nst_onnx.painting.style_pictures import FrameWarning
from nst_onnx.picture import fit, resize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nst_onnx.editors.worker.model_cache import ModelCache
    from nst_onnx.painting.options import OptionValues
    from nst_onnx.painting.step import Step
    from nst_onnx.picture import Picture
    from nst_onnx.support.arrays import Array

_PROGRESS_SECONDS = 0.05  # minimum interval between progress events
_UNREAD_EVENTS = 50  # with a larger backlog, progress is skipped
_FIRST_LOOK = 512  # pixels of the picture in one pass that is shown first
_UNREAD_PREVIEWS = 2  # no more are made until the client has read, and so removed, one


class _AbandonedError(Exception):
    """Raised in the computing thread when the job's last event was already sent."""


class Job:
    """A stylisation for a client. Its last event is sent exactly once, by whichever thread is first."""

    def __init__(self, request: Message, folder: Folder, channel: Channel) -> None:
        self.id: str = request["id"]
        self._request, self._folder, self._channel = request, folder, channel
        self._lock = threading.Lock()
        self._over = False
        self._keeping = False
        self._progress_sent = 0.0
        self._preview_sent = 0.0
        self._previews: list[str] = []
        self._warnings: list[warnings.WarningMessage] = []

    # ---- from the thread that reads requests

    @property
    def over(self) -> bool:
        """Whether the last event was sent."""
        return self._over

    def refuse(self, code: str, message: str, hint: str) -> None:
        """Send an error instead of starting."""
        self._finish({"event": "error", "code": code, "message": message, "hint": hint})

    def cancel(self) -> None:
        """Send `cancelled` now; the computation stops at its next evaluation."""
        self._finish({"event": "cancelled"})

    def stop_and_keep(self) -> None:
        """Make the current evaluation the last one."""
        self._keeping = True

    # ---- from the thread that computes

    def run(self, models: ModelCache) -> None:
        """Paint and send progress, previews and the result. Never raises."""
        try:
            with warnings.catch_warnings(record=True) as self._warnings:
                warnings.simplefilter("always")
                if not self._over:
                    self._paint(models)
        except _AbandonedError:
            pass
        except BaseException as error:
            if not isinstance(error, NstError):
                with contextlib.suppress(OSError):  # the log may have no reader
                    traceback.print_exc()
            self._finish(error_event(error))

    def _paint(self, models: ModelCache) -> None:
        request = Request(self._request, self._take)
        steps, at_once = self._begin(request, models)
        preview, step = request.preview(), None
        for step in steps:
            self._stop_if_over()
            self._send_progress(step)
            if self._keeping:
                break
            begun = at_once or step.iteration > 1
            if preview is not None and begun and self._preview_is_due(preview):
                self._send_preview(step.array, preview)
        assert step is not None, "a run makes at least one step"
        self._send_result(step)

    def _begin(self, request: Request, models: ModelCache) -> tuple[Iterator[Step], bool]:
        """Return the steps, and whether the first is worth a preview: an optimisation's is its start.

        Raises NstError.
        """
        content, options, preview = request.content(), request.options(), request.preview()
        self._stop_if_over()
        one_pass = options.get("quality") == "instant"
        is_a_look = _is_a_look(content, options)
        # Where no look comes first, reading one would decode a large painting twice.
        seen_first = is_a_look or (preview is not None and not one_pass)
        looks = models.looks.of(request.list_of("styles"), options) if seen_first else None
        seen = request.styles() if looks is None else looks
        seen_with: OptionValues = options if looks is None else {**options, "style_frame": "keep"}
        self._stop_if_over()
        preset = options.get("preset", "default")
        stylizer = models.stylizer(request.model(), request.text("device"), preset)
        self._stop_if_over()
        if is_a_look:
            return stylizer.steps(content, seen, **seen_with), True
        if preview is not None and not one_pass:
            longest = min(preview.longest, _FIRST_LOOK)
            look = stylizer.first_look(content, seen, longest=longest, **seen_with)
            self._stop_if_over()
            if look is not None:
                self._send_preview(look, preview)
        styles = seen if looks is None else request.styles()
        return stylizer.steps(content, styles, **options), one_pass

    def _take(self, described: object, what: str) -> Picture:
        self._stop_if_over()
        return pixels.take(self._folder, described, what)

    def _send_progress(self, step: Step) -> None:
        now, due = time.monotonic(), step.iteration >= step.iterations
        early = now - self._progress_sent < _PROGRESS_SECONDS and not due
        if early or self._channel.backlog > _UNREAD_EVENTS:
            return
        self._progress_sent = now
        self._emit(
            {
                "event": "progress",
                "scale": step.scale,
                "scales": step.scales,
                "step": step.iteration,
                "steps": step.iterations,
                "losses": {name: loss for name, loss in step.losses.items() if math.isfinite(loss)},
                "seconds": step.seconds,
                "seconds_left": step.seconds_left,
                "longest": max(step.shape),
            }
        )

    def _preview_is_due(self, preview: Preview) -> bool:
        self._previews = [name for name in self._previews if self._folder.holds(name)]
        early = self._preview_sent and time.monotonic() - self._preview_sent < preview.seconds
        return not early and len(self._previews) < _UNREAD_PREVIEWS

    def _send_preview(self, picture: Array, preview: Preview) -> None:
        self._preview_sent = time.monotonic()
        if max(picture.shape[:2]) > preview.longest:
            picture = resize(picture, fit((picture.shape[0], picture.shape[1]), preview.longest))
        described = pixels.hand_over(self._folder, "preview", picture, type=preview.type)
        self._previews.append(described["file"])
        if not self._emit({"event": "preview", "picture": described}):
            self._folder.remove(described["file"])

    def _send_result(self, step: Step) -> None:
        result = step.result()
        picture = result.array if result.alpha is None else np.dstack([result.array, result.alpha])
        described = pixels.hand_over(self._folder, "result", picture)
        stopped = step.iteration < step.iterations and self._keeping
        event = {
            "event": "done",
            "picture": described,
            "stopped": stopped,
            "settings": result.settings,
            **self._told(),
        }
        if not self._finish(event):
            self._folder.remove(described["file"])

    def _told(self) -> dict[str, list[str]]:
        """Return what nst-onnx warned of during this job, each text once; of frames it is a notice only."""
        told: dict[str, list[str]] = {"warnings": [], "notices": []}
        for one in self._warnings:
            if isinstance(one.message, FrameWarning):
                told["notices"].append(cut(one.message.sentence))
            elif one.category.__module__.startswith("nst_onnx"):
                told["warnings"].append(cut(str(one.message)))
        return {kind: list(dict.fromkeys(texts)) for kind, texts in told.items()}

    # ---- events

    def _emit(self, event: Message) -> bool:
        """Send an event, unless the last one was sent already; return whether it was sent."""
        with self._lock:
            if not self._over:
                self._channel.send({**event, "id": self.id})
                return True
        return False

    def _finish(self, event: Message) -> bool:
        """Send the last event, unless it was sent already; return whether it was sent.

        The request's files are removed before, also those that were not read.
        """
        with self._lock:
            if self._over:
                return False
            self._over = True
            for name in pixels.files_of(self._request):
                self._folder.remove(name)
            self._channel.send({**event, "id": self.id})
            return True

    def _stop_if_over(self) -> None:
        if self._over:
            raise _AbandonedError


def _is_a_look(content: Picture, options: OptionValues) -> bool:
    """Return whether a small picture is painted in one pass, as for a dialog's preview."""
    small = max(content.shape) <= _FIRST_LOOK and options.get("size") is None
    return small and options.get("quality") == "instant"
