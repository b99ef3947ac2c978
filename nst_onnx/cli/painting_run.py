"""A run of one picture by the command: what it displays, saves, and does when interrupted."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nst_onnx.cli.arguments import Arguments
from nst_onnx.cli.files import Files
from nst_onnx.cli.interruption import Interruption
from nst_onnx.cli.progress import stylize as stylize_progress
from nst_onnx.errors import NstError

if TYPE_CHECKING:
    from nst_onnx.painting.checkpoint import Checkpoint
    from nst_onnx.painting.result import Result
    from nst_onnx.painting.step import Step
    from nst_onnx.runtime import Device

Paint: TypeAlias = "Callable[[Callable[[Step], bool], Checkpoint | None], Result]"
"""Paints with a callback after every step, from a checkpoint if there is one."""


def beginning(model: str, device: Device, arguments: Arguments) -> str:
    """Return a line about the model and the device."""
    from nst_onnx.models import catalogue

    by_default = model == catalogue.SHIPPED and arguments.run.model == "auto"
    better = " (finer: nst-onnx models fetch vgg19)" if by_default and not catalogue.trained() else ""
    return f"model {model}{better} on {device}"


@dataclass
class Run:
    """A run of `stylize` or `texture`: displays, saves and can stop after every step."""

    files: Files
    display: stylize_progress.Display
    last: Step | None = None

    def __post_init__(self) -> None:
        """Prepare the handler of Ctrl-C."""
        self._heading = ""
        self.interruption = Interruption(self._announce_stop)

    def paint(self, heading: str, paint: Paint) -> Result:
        """Return the finished picture, or the best one so far if interrupted. `heading`: shown at first."""
        saved = self.files.load_state()
        self._heading = heading + (f", resuming from {self.files.state}" if saved else "")
        result = paint(self._after, saved)
        if self.last is not None and not self.complete and not self.interrupted:
            self.files.save_state(self.last)  # the time is up (after Ctrl-C it is saved already)
        return result

    def rescue(self, error: NstError | MemoryError) -> None:
        """Save the best picture of a run that failed after its first step; raise NstError that says so."""
        if self.last is None:
            return
        traceback.clear_frames(error.__traceback__)  # free what failed: saving needs memory, too
        message = str(error) if isinstance(error, NstError) else "there is not enough memory"
        try:
            self.files.finish(self.last.result(), complete=False)
            saved = f"the best so far, after {self.last.iteration} steps, is in {self.files.place}"
        except Exception:  # the first error is the one to report
            saved = "nor could the best so far be saved"
        hint = getattr(error, "hint", "choose a smaller --size")
        raise NstError(f"{message}; {saved}{self._resume_hint()}", hint) from error

    @property
    def complete(self) -> bool:
        """True if all iterations were made, or none was left to make."""
        step = self.last
        return step is None or step.iteration >= step.iterations

    @property
    def interrupted(self) -> bool:
        """True if Ctrl-C ended the run early."""
        return self.interruption.asked and not self.complete

    def summary(self, result: Result) -> str:
        """Return a line about the result."""
        height, width = result.array.shape[:2]
        output = "standard output" if self.files.format else self.files.output
        done = f"{output}  {width}×{height}  {stylize_progress.duration(result.seconds)}"
        if self.interrupted:
            return f"interrupted; the best so far is in {done}{self._resume_hint()}"
        return f"wrote {done}" + ("" if self.complete else self._resume_hint())

    def facts(self, result: Result) -> dict[str, object]:
        """Return the result's data for `--json`."""
        last = result.history[-1] if result.history else {}
        return {
            "output": str(self.files.output),
            "width": result.array.shape[1],
            "height": result.array.shape[0],
            "complete": self.complete,
            "interrupted": self.interrupted,
            "iterations": last.get("iteration", 0),
            "seconds": result.seconds,
            "losses": result.losses,
            "settings": result.settings,
            "history": result.history,
        }

    def _after(self, step: Step) -> bool:
        if self.last is None:
            self.display.say(self._heading)
        self.last = step
        self.interruption.holding = True
        self.display.show(step)
        self.files.follow(step)
        if self.interruption.asked:
            self.files.save_state(step)
        return not self.interruption.asked

    def _resume_hint(self) -> str:
        state = self.files.state
        return f"; give --resume {state} again to resume" if state and state.exists() else ""

    def _announce_stop(self) -> None:
        with suppress(OSError):
            self.display.say("stopping after this step; Ctrl-C again stops at once, and saves nothing")
