"""Progress of a job for an interface: fraction, text, newest preview and result."""

from __future__ import annotations

import time

from .events import Cancelled as WasCancelled
from .events import Done, Error, Preview, Progress
from .failure import Cancelled, Failure
from .job import Job
from .pixels import Pixels
from .translation import _

POLL_SECONDS = 0.05


class JobMonitor:
    """Collects a job's events. `fraction`: the completed part, 0..1; `text`: the same in words.

    `longest`: longest side in pixels of the picture so far, 0 before the first step. `warnings` and
    `notices`: of the finished job, for the user.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._preview: Pixels | None = None
        self._done: Pixels | None = None
        self.warnings: list[str] = []
        self.notices: list[str] = []
        self.fraction = 0.0
        self.longest = 0
        self.text = _("Preparing…")

    def update(self) -> bool:
        """Process new events; return whether the job is still running. Never blocks.

        Raises Failure, Cancelled.
        """
        for event in self._job.poll():
            if isinstance(event, Progress):
                self.fraction, self.text = event.fraction, _text(event)
                self.longest = event.longest
            elif isinstance(event, Preview):
                self._preview = event.picture
            elif isinstance(event, Done):
                self._done, self.warnings, self.notices = event.picture, event.warnings, event.notices
            elif isinstance(event, Error):
                raise Failure(event.message, event.hint)
            elif isinstance(event, WasCancelled):
                raise Cancelled
        return self._done is None

    def pause(self) -> None:
        """Sleep until the next update is due; for callers without a main loop."""
        time.sleep(POLL_SECONDS)

    def preview(self) -> Pixels | None:
        """Return the newest preview; None where there is none since the last call."""
        preview, self._preview = self._preview, None
        return preview

    def result(self) -> Pixels:
        """Return the finished picture, once `update` has returned False."""
        assert self._done is not None, "the job is still running"
        return self._done

    def stop_and_keep(self) -> None:
        """End the job with the best picture so far."""
        self._job.stop_and_keep()

    def cancel(self) -> None:
        """End the job without a result."""
        self._job.cancel()


def _text(progress: Progress) -> str:
    text = _("Step {step} of {steps}").format(step=progress.step, steps=progress.steps)
    if progress.seconds_left is None:
        return text
    return f"{text}, {_time_left(progress.seconds_left)}"


def _time_left(seconds: float) -> str:
    if seconds < 90:
        return _("{seconds} s left").format(seconds=max(round(seconds), 1))
    return _("{minutes} min left").format(minutes=round(seconds / 60))
