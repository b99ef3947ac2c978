"""Progress display of `stylize`: a live bar, plain lines, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from nst_onnx.cli.progress.display import Plain, choose_display
from nst_onnx.support.throttle import Throttle

if TYPE_CHECKING:
    from rich.console import RenderableType

    from nst_onnx.painting.step import Step

SECONDS_BETWEEN_LINES = 5.0


class Display(Protocol):
    """Shows the steps of a run, and lines of text between them, on standard error."""

    def show(self, step: Step) -> None:
        """Show where the run is."""

    def say(self, text: str) -> None:
        """Write a line that stays."""


def display(quiet: bool) -> AbstractContextManager[Display]:
    """Return the display for a terminal, a log, or `quiet`."""
    return choose_display(quiet, LiveDisplay, Lines)


class Lines(Plain):
    """Writes a plain line every few seconds, and one for each new scale."""

    def __init__(self) -> None:
        self._pace = Throttle(SECONDS_BETWEEN_LINES)
        self._scale = -1

    def show(self, step: Step) -> None:
        """Write a line if it is time."""
        if self._pace.due() or step.scale != self._scale:
            self._scale = step.scale
            self._pace.run(lambda: self.say(line(step)))


class LiveDisplay:
    """A bar and a line of losses that change in place, by rich."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
        from rich.text import Text

        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            expand=True,
        )
        self._task = self._bar.add_task("starting", total=None, left="")
        self._losses = Text("")

    def __rich__(self) -> RenderableType:
        from rich.console import Group

        return Group(self._bar, self._losses)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the display until the context exits, then clear it."""
        from rich.live import Live

        with Live(self, console=self._console, refresh_per_second=8, transient=True):
            yield

    def show(self, step: Step) -> None:
        """Change what is shown."""
        from rich.text import Text

        self._bar.update(
            self._task,
            description=scale(step),
            completed=step.iteration,
            total=step.iterations,
            left=left(step.seconds_left),
        )
        self._losses = Text(f"  {losses(step.losses)}", "dim")

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        from rich.text import Text

        self._console.print(Text(text))


def line(step: Step) -> str:
    """Return a line with the current scale, step, losses and time left."""
    parts = (scale(step), f"{step.iteration}/{step.iterations}", losses(step.losses), left(step.seconds_left))
    return "  ".join(part for part in parts if part)


def scale(step: Step) -> str:
    """Return which level of the pyramid a step is at, and its size."""
    height, width = step.shape
    return f"scale {step.scale + 1}/{step.scales} {width}×{height}"


def losses(found: Mapping[str, float]) -> str:
    """Return the sums of losses for reading; those that are not used (exactly 0) are left out."""
    sums = {name: value for name, value in found.items() if "/" not in name}
    return "  ".join(f"{name} {value:.4g}" for name, value in sums.items() if value or name == "total")


def left(seconds: float | None) -> str:
    """Return an estimate of the time left for reading."""
    return "" if seconds is None else f"{duration(seconds)} left"


def duration(seconds: float) -> str:
    """Return a length of time for reading: 8 s, 2:05 min, 1:02 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02} h"
