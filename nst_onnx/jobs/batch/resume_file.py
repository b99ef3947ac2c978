"""Checkpoint file of an unfinished job."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from pathlib import Path

from nst_onnx.errors import NstError, OptionError
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.step import Step
from nst_onnx.support.throttle import Throttle

_INTERVAL = 0.3  # seconds between two checkpoints at least
_TIME_FRACTION = 0.01  # of the run time: checkpoints are large


class ResumeFileWarning(UserWarning):
    """The checkpoint of an unfinished job cannot be saved."""


class ResumeFile:
    """A hidden file beside the output with the checkpoint of an unfinished job.

    It only saves time, so a fault of it is a warning, not an error, and the job starts from the beginning.
    """

    def __init__(self, output: str | os.PathLike[str]) -> None:
        path = Path(output)
        self.path = path.with_name(f".{path.name}.state")
        self._pace = Throttle(_INTERVAL, _TIME_FRACTION)

    def load(self) -> Checkpoint | None:
        """Return the checkpoint of an earlier run, None if there is no usable one."""
        try:
            return Checkpoint.load(self.path)
        except OptionError:
            return None

    def update(self, step: Step) -> None:
        """Save the checkpoint after a step, if one is due."""
        if step.resumable and self._pace.due():
            self._pace.run(lambda: self.save(step))

    def save(self, step: Step) -> None:
        """Save the checkpoint after a step, if its run has any."""
        if not step.resumable:
            return
        try:
            step.checkpoint().save(self.path)
        except (NstError, OSError) as error:
            message = f"an interruption would lose this picture: its state cannot be kept ({error})"
            warnings.warn(message, ResumeFileWarning, stacklevel=2)

    def remove(self) -> None:
        """Delete the file, if it exists."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
