"""What is left of an unfinished picture, so that it goes on where it was when the same is asked for again."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from pathlib import Path

from nst_onnx.errors import NstError, OptionError
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.stylizer import Step
from nst_onnx.support.throttle import Throttle

_SECONDS, _SHARE = 0.3, 0.01  # between two, and of the time: states are large


class KeptWarning(UserWarning):
    """Something about the state of an unfinished picture that its owner should know."""


class Kept:
    """The state of one unfinished picture, in a hidden file beside the output.

    It only spares time, so whatever goes wrong with it is no error but a warning: the picture is begun again.
    """

    def __init__(self, output: str | os.PathLike[str]) -> None:
        path = Path(output)
        self.path = path.with_name(f".{path.name}.state")
        self._pace = Throttle(_SECONDS, _SHARE)

    def load(self) -> Checkpoint | None:
        """Return where an earlier run was, None where there is nothing of use."""
        try:
            return Checkpoint.load(self.path)
        except OptionError:
            return None

    def follow(self, step: Step) -> None:
        """Save the state after a step if it is time."""
        if self._pace.due():
            self._pace.run(lambda: self.save(step))

    def save(self, step: Step) -> None:
        """Save the state after a step."""
        try:
            step.checkpoint().save(self.path)
        except (NstError, OSError) as error:
            told = f"an interruption would lose this picture: its state cannot be kept ({error})"
            warnings.warn(told, KeptWarning, stacklevel=2)

    def remove(self) -> None:
        """Forget it: it has served its purpose."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
