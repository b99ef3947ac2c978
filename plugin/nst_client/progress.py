"""How a painting goes, for whoever shows it: a bar, a text, a preview, and the end."""

from __future__ import annotations

import time

from .events import Cancelled as WasCancelled
from .events import Done, Error, Preview, Progress
from .failure import Cancelled, Failure
from .job import Job
from .pixels import Pixels
from .translation import _

PAUSE = 0.05  # seconds


class Course:
    """Follows a job. `fraction`: how much is done, 0..1; `text`: the same in words."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._preview: Pixels | None = None
        self._done: Pixels | None = None
        self.fraction = 0.0
        self.text = _("Preparing…")

    def runs(self) -> bool:
        """Take in what has happened; return whether it goes on. Never waits. Raises Failure, Cancelled."""
        for event in self._job.poll():
            if isinstance(event, Progress):
                self.fraction, self.text = event.fraction, _words(event)
            elif isinstance(event, Preview):
                self._preview = event.picture
            elif isinstance(event, Done):
                self._done = event.picture
            elif isinstance(event, Error):
                raise Failure(event.message, event.hint)
            elif isinstance(event, WasCancelled):
                raise Cancelled
        return self._done is None

    def pause(self) -> None:
        """Let a moment pass, where there is no main loop."""
        time.sleep(PAUSE)

    def preview(self) -> Pixels | None:
        """Return the newest preview, once."""
        preview, self._preview = self._preview, None
        return preview

    def painting(self) -> Pixels:
        """Return the finished painting."""
        assert self._done is not None, "ask when it has run"
        return self._done

    def stop_and_keep(self) -> None:
        """End it with what there is."""
        self._job.stop_and_keep()

    def cancel(self) -> None:
        """End it without a painting."""
        self._job.cancel()


def _words(progress: Progress) -> str:
    text = _("Step {step} of {steps}").format(step=progress.step, steps=progress.steps)
    if progress.seconds_left is None:
        return text
    return f"{text}, {_time_left(progress.seconds_left)}"


def _time_left(seconds: float) -> str:
    if seconds < 90:
        return _("{seconds} s left").format(seconds=max(round(seconds), 1))
    return _("{minutes} min left").format(minutes=round(seconds / 60))
