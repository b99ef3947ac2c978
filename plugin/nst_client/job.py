"""One picture being painted, as a plug-in sees it."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from . import pixels
from .events import Accepted, Cancelled, Done, Error, Event, Preview, Progress
from .pixels import Pixels
from .protocol import Message

if TYPE_CHECKING:
    from .client import Engine

_TICK = 0.02
_CANCEL_SECONDS = 3.0  # a worker that takes longer to answer a cancel is ended


class Job:
    """Poll it from a timer of the interface. Its last event has `last` set, and always comes."""

    def __init__(self, engine: Engine, name: str, folder: Path) -> None:
        self._engine, self._name, self._folder = engine, name, folder
        self._files: dict[str, Pixels] = {}
        self._events: list[Event] = []
        self._lock = threading.Lock()
        self._ended = False
        self._cancelled_at: float | None = None
        self.over = False
        """Whether the last event was polled."""

    # ---- for the plug-in

    def poll(self) -> list[Event]:
        """Return what has happened since the last time, the newest progress and preview only. Never waits."""
        self._watch()
        with self._lock:
            events, self._events = self._events, []
        self.over = self.over or any(event.last for event in events)
        return events

    def wait(self, seconds: float | None = None, each: Callable[[Event], None] | None = None) -> Event | None:
        """Wait for the last event and return it; None when `seconds` have passed before.

        `each` is called with every event. For scripts: an interface polls.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            for event in self.poll():
                if each is not None:
                    each(event)
                if event.last:
                    return event
            if deadline is not None and time.monotonic() > deadline:
                return None
            time.sleep(_TICK)

    def cancel(self) -> None:
        """Have it end without a result. `Cancelled` follows at once, whatever the worker is doing."""
        if self._cancelled_at is None:
            self._cancelled_at = time.monotonic()
            self._ask_to_end(keep=False)

    def stop_and_keep(self) -> None:
        """Have it end with the best picture so far, after the step at hand."""
        self._ask_to_end(keep=True)

    # ---- for the engine

    def file(self, picture: Pixels) -> Message:
        """Choose a file for a picture, to be written later, and describe it."""
        name = f"job{self._name}-{len(self._files)}"
        self._files[name] = picture
        return picture.described(name)

    def write_files(self, request: Message) -> Message | None:
        """Write the pixels and return the request; None where that failed, or is no longer wanted."""
        if self._cancelled_at is not None:
            self._add(Cancelled())
            return None
        pictures, written = list(self._files.items()), False
        try:
            for name, picture in pictures:
                picture.write(self._folder / name)
            written = True
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            self.fail("internal", f"cannot hand the picture to the engine: {reason}", "make room on the disk")
        with self._lock:
            self._files.clear()  # and so let go of the pixels
        if not written or self._ended:
            self._remove([name for name, _ in pictures])
            return None
        return request

    def take(self, message: Message) -> None:
        """Take an event of the worker's."""
        try:
            event = self._event(message)
        except (OSError, ValueError, KeyError, TypeError) as error:
            event = Error("internal", f"the engine's answer cannot be read ({error})", "try again")
            self._ask_to_end(keep=False)
        if event is not None:
            self._add(event)

    def fail(self, code: str, message: str, hint: str, log: str = "") -> None:
        """End it because the engine cannot go on."""
        self._add(Cancelled() if self._cancelled_at is not None else Error(code, message, hint, log))

    def _ask_to_end(self, *, keep: bool) -> None:
        self._engine.request({"id": f"{self._name} end", "request": "cancel", "of": self._name, "keep": keep})

    def _event(self, message: Message) -> Event | None:
        kind = message.get("event")
        if kind == "accepted":
            return Accepted()
        if kind == "progress":
            names = ("scale", "scales", "step", "steps", "losses", "seconds", "seconds_left")
            return Progress(*(message[name] for name in names))
        if kind == "preview":
            return Preview(pixels.take(self._folder, message["picture"]))
        if kind == "done":
            picture = pixels.take(self._folder, message["picture"])
            return Done(picture, message["stopped"], message["settings"])
        if kind == "cancelled":
            return Cancelled()
        if kind == "error":
            return Error(message["code"], message["message"], message.get("hint", ""))
        return None

    def _add(self, event: Event) -> None:
        with self._lock:
            if self._ended:
                return
            if isinstance(event, (Preview, Progress)):
                self._events = [e for e in self._events if not isinstance(e, type(event))]
            self._events.append(event)
            self._ended = event.last
        if event.last:
            self._engine.forget(self._name)

    def _remove(self, names: list[str]) -> None:
        for name in names:
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()

    def _watch(self) -> None:
        """End a worker that answers neither us nor a cancel."""
        if self._ended:
            return
        if self._cancelled_at is not None and time.monotonic() - self._cancelled_at > _CANCEL_SECONDS:
            self._engine.give_up("the engine did not answer and was ended")
        else:
            self._engine.check()
