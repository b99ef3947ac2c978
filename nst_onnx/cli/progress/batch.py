"""Progress display of `batch`: live bars, a line for every picture, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nst_onnx.cli.progress.display import Plain, choose_display
from nst_onnx.cli.progress.stylize import duration

if TYPE_CHECKING:
    from nst_onnx.jobs.batch import Outcome, Progress


class Display(Protocol):
    """Shows the pictures of a batch on standard error."""

    def show(self, output: Path, progress: Progress) -> None:
        """Show where a picture is."""

    def end(self, outcome: Outcome) -> None:
        """Show the outcome of a picture."""

    def say(self, text: str) -> None:
        """Write a line that stays."""


def display(total: int, quiet: bool) -> AbstractContextManager[Display]:
    """Return the display for a terminal, a log, or `quiet`. `total`: number of pictures."""
    return choose_display(quiet, partial(Bars, total), partial(Lines, total))


class Lines(Plain):
    """Writes a plain line for every picture that is done, or failed.

    Where a single one fails, the error that the command ends with is enough.
    """

    def __init__(self, total: int) -> None:
        self._total, self._ended = total, 0

    def show(self, output: Path, progress: Progress) -> None:
        """Show nothing between the lines."""

    def end(self, outcome: Outcome) -> None:
        """Write the line."""
        self._ended += 1
        if outcome.state == "painted" or (outcome.state == "failed" and self._total > 1):
            self.say(f"{self._ended}/{self._total}  {line(outcome)}")


class Bars:
    """A bar for all pictures and one for each at hand, by rich; above them what `Lines` would write."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[count]}"),
            TimeRemainingColumn(),
            console=self._console,
            expand=True,
            transient=True,
        )
        self._total, self._ended = total, 0
        self._parts: dict[Path, float] = {}  # what is done of each picture at hand, 0..1
        self._all = self._bars.add_task("all pictures", total=total, count="")
        self._tasks = {Path(): self._all}

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bars until the context exits, then clear them."""
        with self._bars:
            yield

    def show(self, output: Path, progress: Progress) -> None:
        """Move the picture's bar, and that of all."""
        if output not in self._tasks:
            self._tasks[output] = self._bars.add_task(output.name, total=None, count="")
        done, total = progress.iteration, progress.iterations
        count = f"{done}/{total}" if total else ""
        self._bars.update(self._tasks[output], completed=done, total=total, count=count)
        self._parts[output] = done / total if total else 0.0
        self._show_all()

    def end(self, outcome: Outcome) -> None:
        """Take the picture's bar away."""
        output = Path(outcome.job.output)
        self._parts.pop(output, None)
        if output in self._tasks:
            self._bars.remove_task(self._tasks.pop(output))
        if outcome.state == "skipped":
            self._total -= 1  # it says nothing of how long the others take
        else:
            self._ended += 1
        if outcome.state == "painted" or (outcome.state == "failed" and self._total > 1):
            self.say(line(outcome))
        self._show_all()

    def say(self, text: str) -> None:
        """Write a line above the bars."""
        from rich.text import Text

        self._console.print(Text(text))

    def _show_all(self) -> None:
        done = self._ended + sum(self._parts.values())
        self._bars.update(self._all, completed=done, total=self._total, count=f"{self._ended}/{self._total}")


def line(outcome: Outcome) -> str:
    """Return a line about an outcome."""
    if outcome.error is not None:
        return f"failed {outcome.job.output}: {outcome.error}"
    size = "×".join(map(str, (outcome.shape or ())[::-1]))
    return f"{outcome.job.output}  {size}  {duration(outcome.seconds)}"
