"""Who paints a batch: this process, several, or a cluster. They differ in nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from nst_onnx.jobs.batch.job import Ending, Job, Progress
from nst_onnx.jobs.batch.paint_one import Painter
from nst_onnx.jobs.batch.settings import Recipe

Event = tuple[int, Progress | Ending]
"""Which of the jobs, by its place, and what is new of it."""


class Crew(Protocol):
    """Paints jobs with a recipe that it was made with."""

    def paint(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield events until every job has had its `Ending`, in any order. Raises NstError where nobody
        can paint at all, for want of the model for instance.

        Closing the iterator ends all work at once.
        """

    def stop(self) -> None:
        """Let no further job begin, and end those at hand as "interrupted"; safe in a signal handler.

        Jobs that had not begun get no ending.
        """


class Alone:
    """Paints in this process, one picture after the other."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._stopping = False

    def paint(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield the endings."""
        painter = Painter(self._recipe)
        for number, job in enumerate(jobs):
            if self._stopping:
                return
            yield number, painter.paint(job, lambda _: not self._stopping)

    def stop(self) -> None:
        """Stop after the evaluation at hand."""
        self._stopping = True
