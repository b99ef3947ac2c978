"""One `stylize` request: checks it, paints, and sends its events."""

from __future__ import annotations

import contextlib
import math
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nst_onnx.editors.worker import pixels
from nst_onnx.editors.worker.channel import Channel
from nst_onnx.editors.worker.folder import Folder
from nst_onnx.editors.worker.protocol import Message, ProtocolError, error_event
from nst_onnx.errors import NstError, OptionError
from nst_onnx.models import catalogue
from nst_onnx.painting.option_types import PictureSource
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.picture import fit, resize

if TYPE_CHECKING:
    from nst_onnx.editors.worker.model_cache import Warm
    from nst_onnx.painting.stylizer import Step
    from nst_onnx.picture import Picture

_PROGRESS_SECONDS = 0.05  # no more often: an interface cannot show it
_UNREAD_EVENTS = 50  # with more on their way, progress waits: the client is busy
_UNREAD_PREVIEWS = 2  # no more are made until the client has read (and so removed) one


class _AbandonedError(Exception):
    """Nobody waits for this job any more."""


class Job:
    """What a client waits for. Its last event is sent once, whichever thread comes first."""

    def __init__(self, request: Message, folder: Folder, channel: Channel) -> None:
        self.id: str = request["id"]
        self._request, self._folder, self._channel = request, folder, channel
        self._lock = threading.Lock()
        self._over = False
        self._keeping = False
        self._told = 0.0
        self._shown = 0.0
        self._previews: list[str] = []

    # ---- from the thread that reads requests

    @property
    def over(self) -> bool:
        """Whether the last event was sent."""
        return self._over

    def refuse(self, code: str, message: str, hint: str) -> None:
        """End it before it has begun."""
        self._finish({"event": "error", "code": code, "message": message, "hint": hint})

    def cancel(self) -> None:
        """End it for the client now; the computation follows at its next evaluation."""
        self._finish({"event": "cancelled"})

    def stop_and_keep(self) -> None:
        """Let the evaluation at hand be the last one."""
        self._keeping = True

    # ---- from the thread that computes

    def run(self, warm: Warm) -> None:
        """Compute, and tell the client all along. Never raises."""
        try:
            if not self._over:
                self._paint(warm)
        except _AbandonedError:
            pass
        except BaseException as error:
            if not isinstance(error, NstError):
                with contextlib.suppress(OSError):  # nobody may be reading the log
                    traceback.print_exc()
            self._finish(error_event(error))

    def _paint(self, warm: Warm) -> None:
        request = self._request
        content = self._take(request.get("content"), "content picture")
        styles = [self._take(style, "style picture") for style in self._list("styles")]
        options = self._options()
        seconds, longest, kind = self._preview_wishes()
        self._stop_if_over()
        preset = options.get("preset", "default")
        stylizer = warm.stylizer(self._model(), self._text("device"), preset)
        self._stop_if_over()
        step = None
        for step in stylizer.steps(content, styles, **options):
            self._stop_if_over()
            self._tell(step)
            if self._keeping:
                break
            if seconds is not None and step.iteration > 1:  # the first is what it starts from
                self._show(step, seconds, longest, kind)
        assert step is not None, "a run makes at least one step"
        self._done(step)

    def _take(self, described: Any, what: str) -> Picture:
        self._stop_if_over()
        return pixels.take(self._folder, described, what)

    def _tell(self, step: Step) -> None:
        now, due = time.monotonic(), step.iteration >= step.iterations
        if (now - self._told < _PROGRESS_SECONDS and not due) or self._channel.backlog > _UNREAD_EVENTS:
            return
        self._told = now
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
            }
        )

    def _show(self, step: Step, seconds: float, longest: int, kind: str) -> None:
        now = time.monotonic()
        self._previews = [name for name in self._previews if self._folder.holds(name)]
        if (self._shown and now - self._shown < seconds) or len(self._previews) >= _UNREAD_PREVIEWS:
            return
        self._shown = now
        picture = step.array
        if max(picture.shape[:2]) > longest:
            picture = resize(picture, fit((picture.shape[0], picture.shape[1]), longest))
        described = pixels.hand_over(self._folder, "preview", picture, type=kind)
        self._previews.append(described["file"])
        if not self._emit({"event": "preview", "picture": described}):
            self._folder.remove(described["file"])

    def _done(self, step: Step) -> None:
        result = step.result()
        picture = result.array if result.alpha is None else np.dstack([result.array, result.alpha])
        described = pixels.hand_over(self._folder, "result", picture)
        stopped = step.iteration < step.iterations and self._keeping
        event = {"event": "done", "picture": described, "stopped": stopped, "settings": result.settings}
        if not self._finish(event):
            self._folder.remove(described["file"])

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

        By then the request's files are gone, also those that nobody came to read.
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

    # ---- the request's words

    def _list(self, name: str) -> list[Any]:
        value = self._request.get(name)
        if not isinstance(value, list):
            raise ProtocolError(f'"{name}" must be a list')
        return value

    def _object(self, name: str) -> dict[str, Any]:
        value = self._request.get(name) or {}
        if not isinstance(value, dict):
            raise ProtocolError(f'"{name}" must be an object')
        return value

    def _text(self, name: str) -> str:
        value = self._request.get(name) or "auto"
        if not isinstance(value, str):
            raise ProtocolError(f'"{name}" must be a name')
        return value

    def _options(self) -> OptionValues:
        """Return the given options, checked against their declarations; pictures among them are read."""
        quality = self._request.get("quality")
        asked = {**self._object("options"), **({} if quality is None else {"quality": quality})}
        options = {name: value for name, value in asked.items() if value is not None}
        Options.of(options)
        for name, option in Options.table().items():
            if isinstance(option.type, PictureSource) and options.get(name) not in (None, *option.type.words):
                options[name] = self._source(name, option.type, options[name])
        return cast(OptionValues, options)

    def _source(self, name: str, type: PictureSource, value: object) -> Picture:
        """Return the picture that an option's value describes. Raises OptionError, PictureError."""
        if isinstance(value, str) and Path(value).is_absolute():
            value = {"path": value}
        if not isinstance(value, dict):
            known = ", ".join(type.words)
            raise OptionError(f"{name} must be one of {known}, a picture or an absolute path, not {value!r}")
        return self._take(value, "picture to start from")

    def _model(self) -> str:
        """Return "auto", a name or an absolute path; never what lies in the folder that the worker is in."""
        model = self._text("model")
        listed = {entry.name: str(entry.path) for entry in catalogue.installed()}
        if model == "auto":
            return model
        if model in listed:
            return listed[model]
        with contextlib.suppress(OSError, RuntimeError):  # no file can have such a name, no "~nobody" a home
            path = Path(model).expanduser()
            is_name = path.name == model and not path.exists()
            if is_name or (path.is_absolute() and not path.is_dir()):
                return str(path)
        raise ProtocolError(f'"model" must be auto, a name, or the absolute path of a file, not {model!r}')

    def _preview_wishes(self) -> tuple[float | None, int, str]:
        """Return seconds between previews (None for no previews), their longest side and their type."""
        wishes = self._object("preview")
        if not wishes:
            return None, 0, ""
        seconds, longest, kind = (
            wishes.get("seconds", 0.5),
            wishes.get("longest", 512),
            wishes.get("type", "u8"),
        )
        with contextlib.suppress(TypeError, OverflowError):
            if seconds >= 0 and longest >= 1 and kind in pixels.TYPES:
                return float(seconds), int(longest), kind
        raise ProtocolError('"preview" needs seconds of at least 0, longest of at least 1, and a type')
