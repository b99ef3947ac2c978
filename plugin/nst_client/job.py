"""Handle of one stylisation job in the worker: files to it, events from it, cancellation."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Callable, Protocol

from . import pixels
from .errors import system_reason
from .events import Accepted, Cancelled, Done, Error, Event, Preview, Progress
from .pixels import Pixels
from .protocol import Message

_POLL_SECONDS = 0.02
_CANCEL_SECONDS = 3.0  # a worker that takes longer to answer a cancel is killed


class Worker(Protocol):
    """The connection to the worker, as a job uses it (`connection.Connection`)."""

    def request(self, message: Message) -> None:
        """Send a message."""

    def check(self) -> None:
        """Kill a worker that no longer answers."""

    def abort(self, message: str) -> None:
        """Kill the worker, which fails all of its jobs with `message`."""

    def remove_job(self, name: str) -> None:
        """Send no more events to the job `name`."""


class Job:
    """A stylisation in progress, polled from a timer of the interface; its last event always arrives."""

    def __init__(self, worker: Worker, name: str, folder: Path) -> None:
        self._worker, self._name, self._folder = worker, name, folder
        self._files: dict[str, Pixels] = {}
        self._events: list[Event] = []
        self._lock = threading.Lock()
        self._ended = False
        self._cancelled_at: float | None = None
        self.over = False
        """Whether the last event was polled."""

    # ---- for the plug-in

    def poll(self) -> list[Event]:
        """Return the events since the last call, of progress and preview only the newest. Never blocks."""
        self._check_worker()
        with self._lock:
            events, self._events = self._events, []
        self.over = self.over or any(event.last for event in events)
        return events

    def wait(self, seconds: float | None = None, each: Callable[[Event], None] | None = None) -> Event | None:
        """Block until the last event and return it; None after `seconds`.

        `each` is called with every event. For scripts; an interface polls.
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
            time.sleep(_POLL_SECONDS)

    def cancel(self) -> None:
        """End the job without a result; a worker that does not confirm in 3 seconds is killed."""
        if self._cancelled_at is None:
            self._cancelled_at = time.monotonic()
            self._send_cancel(keep=False)

    def stop_and_keep(self) -> None:
        """End the job after the current step, with the best picture so far as its result."""
        self._send_cancel(keep=True)

    # ---- for the engine

    def described(self, value: object) -> object:
        """Return a value of a request with the pixels in it, at any depth, as descriptions of files."""
        if isinstance(value, Pixels):
            return self.file(value)
        if isinstance(value, Mapping):
            return {name: self.described(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.described(one) for one in value]
        return value

    def file(self, picture: Pixels) -> Message:
        """Assign a file to a picture, written by `write_files`, and return its description."""
        name = f"job{self._name}-{len(self._files)}"
        self._files[name] = picture
        return picture.description(name)

    def write_files(self, request: Message) -> Message | None:
        """Write the pixels and return the request; None where that failed or the job was cancelled."""
        if self._cancelled_at is not None:
            self._add(Cancelled())
            return None
        pictures, written = list(self._files.items()), False
        try:
            for name, picture in pictures:
                picture.write(self._folder / name)
            written = True
        except OSError as error:
            text = f"cannot hand the picture to the engine: {system_reason(error)}"
            self.fail("internal", text, "make room on the disk")
        with self._lock:
            self._files.clear()  # release the pixels
        if not written or self._ended:
            self._remove([name for name, _ in pictures])
            return None
        return request

    def receive(self, message: Message) -> None:
        """Convert an event message of the worker and queue it for `poll`."""
        try:
            event = self._event(message)
        except (OSError, ValueError, KeyError, TypeError) as error:
            event = Error("internal", f"the engine's answer cannot be read ({error})", "try again")
            self._send_cancel(keep=False)
        if event is not None:
            self._add(event)

    def fail(self, code: str, message: str, hint: str, log: str = "") -> None:
        """End the job with an error, because the worker failed; a cancelled job ends as cancelled."""
        self._add(Cancelled() if self._cancelled_at is not None else Error(code, message, hint, log))

    def _send_cancel(self, *, keep: bool) -> None:
        self._worker.request({"id": f"{self._name} end", "request": "cancel", "of": self._name, "keep": keep})

    def _event(self, message: Message) -> Event | None:
        kind = message.get("event")
        if kind == "accepted":
            return Accepted()
        if kind == "progress":
            names = ("scale", "scales", "step", "steps", "losses", "seconds", "seconds_left", "longest")
            return Progress(*(message[name] for name in names))
        if kind == "preview":
            return Preview(pixels.read_and_remove(self._folder, message["picture"]))
        if kind == "done":
            picture = pixels.read_and_remove(self._folder, message["picture"])
            told = ([str(text) for text in message.get(kind, [])] for kind in ("warnings", "notices"))
            return Done(picture, message["stopped"], message["settings"], *told)
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
            self._worker.remove_job(self._name)

    def _remove(self, names: list[str]) -> None:
        for name in names:
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()

    def _check_worker(self) -> None:
        """Kill a worker that does not confirm a cancel in time, or answers no ping."""
        if self._ended:
            return
        if self._cancelled_at is not None and time.monotonic() - self._cancelled_at > _CANCEL_SECONDS:
            self._worker.abort("the engine did not answer and was ended")
        else:
            self._worker.check()
