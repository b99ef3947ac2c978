"""Progress display of `video`: a live bar, plain lines, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from nst_onnx.cli.progress.display import Plain, choose_display
from nst_onnx.cli.progress.stylize import SECONDS_BETWEEN_LINES, left, losses
from nst_onnx.support.throttle import Throttle

if TYPE_CHECKING:
    from nst_onnx.jobs.video import FrameStep


class Display(Protocol):
    """Shows the frames of a video on standard error."""

    def show(self, step: FrameStep) -> None:
        """Show where the video is."""

    def say(self, text: str) -> None:
        """Write a line that stays."""


def display(quiet: bool) -> AbstractContextManager[Display]:
    """Yield the display for a terminal, a log, or `quiet`."""
    return choose_display(quiet, Bar, Lines)


class Estimate:
    """How long a video still takes, from the frames of this run but for the first, which takes longest."""

    def __init__(self) -> None:
        self._begun: tuple[int, float] | None = None
        self._first: int | None = None

    def seconds_left(self, step: FrameStep) -> float | None:
        """Return an estimate after a step; None for the first frames."""
        if not step.iteration:  # done before
            return None
        if self._first is None:
            self._first = step.frame
        if step.frame == self._first:
            return None
        if self._begun is None:
            self._begun = step.frame, step.seconds
        since, then = self._begun
        done = step.frame - since
        return (step.seconds - then) / done * (step.frames - step.frame) if done else None


class Lines(Plain):
    """Writes a plain line every few seconds."""

    def __init__(self) -> None:
        self._pace, self._estimate = Throttle(SECONDS_BETWEEN_LINES), Estimate()

    def show(self, step: FrameStep) -> None:
        """Write a line if it is time."""
        seconds = self._estimate.seconds_left(step)
        if self._pace.due():
            self._pace.run(lambda: self.say(line(step, seconds)))


class Bar:
    """A bar of frames that changes in place, by rich, with the step and the losses of the one at hand."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            expand=True,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, left="")
        self._estimate = Estimate()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the display until the context exits, then clear it."""
        with self._bar:
            yield

    def show(self, step: FrameStep) -> None:
        """Change what is shown."""
        part = step.iteration / step.iterations if step.iterations else 1.0
        self._bar.update(
            self._task,
            description=where(step),
            completed=step.frame + part,
            total=step.frames,
            left=left(self._estimate.seconds_left(step)),
        )

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        from rich.text import Text

        self._console.print(Text(text))


def line(step: FrameStep, seconds_left: float | None) -> str:
    """Return one line that says where a video is."""
    parts = (where(step), losses(step.losses) if step.losses else "", left(seconds_left))
    return "  ".join(part for part in parts if part)


def where(step: FrameStep) -> str:
    """Return which frame is at hand, and how far it is."""
    steps = f"step {step.iteration}/{step.iterations}" if step.iterations else "done before"
    return f"frame {step.frame + 1}/{step.frames}  {steps}"
