"""What the progress window paints: layers, or a texture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine import NeuralEngine
from gi.repository import Gimp
from nst_client import Pixels
from nst_client.failure import Cancelled, Failure
from nst_client.progress import JobMonitor
from nst_client.translation import _

Made = tuple[Gimp.Image, Gimp.Layer]
"""A painted layer, and its image."""


class Task(Protocol):
    """Something to paint. `name`: for the user; `longest`: pixels on the longest side of the whole."""

    name: str
    longest: int

    def check(self) -> None:
        """Raise Failure where the painting can no longer be written."""

    def picture(self, side: int) -> Pixels | None:
        """Return what will be painted, at most `side` pixels wide and high; None for nothing."""

    def begin(self, engine: NeuralEngine, preview: int | None) -> JobMonitor | None:
        """Start the job; return None while the engine is still starting. Never blocks. Raises Failure."""

    def deliver(self, painting: Pixels) -> Made:
        """Write the painting to where it belongs. Raises Failure."""

    def belongs_to(self, image: Gimp.Image) -> bool:
        """Return whether what is painted is in an image."""


@dataclass
class Series:
    """Tasks that are painted one after the other, and what has become of them.

    `failures`: of those that could not be painted, where there are others.
    """

    tasks: Sequence[Task]
    failures: list[Failure] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    new_images: list[Gimp.Image] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        """Raise the failure where there is nothing else."""
        if not self.tasks:
            raise self.failures[0]

    @property
    def task(self) -> Task:
        """The task at hand."""
        return self.tasks[self.number]

    @property
    def last(self) -> bool:
        """Whether it is the last one."""
        return self.number == len(self.tasks) - 1

    def fraction(self, of_task: float) -> float:
        """Return the completed fraction of the whole, 0..1."""
        return (self.number + of_task) / len(self.tasks)

    def text(self, of_task: str) -> str:
        """Return the progress in words."""
        if len(self.tasks) == 1:
            return of_task
        return _("{number} of {count}: “{name}”. {text}").format(
            number=self.number + 1, count=len(self.tasks), name=self.task.name, text=of_task
        )

    def deliver(self, monitor: JobMonitor) -> None:
        """Write the finished painting of the task at hand."""
        try:
            self.task.check()
            self.made.append(self.task.deliver(monitor.result()))
            image = self.made[-1][0]
            if not self.task.belongs_to(image):
                self.new_images.append(image)
            self.warnings += [text for text in monitor.warnings if text not in self.warnings]
        except Failure as failure:
            self.failed(failure)

    def failed(self, failure: Failure) -> None:
        """Note that the task at hand cannot be painted; raise it where it is the only one."""
        if len(self.tasks) == 1:
            raise failure
        self.failures.append(failure)

    def ended(self) -> None:
        """Raise Cancelled or the first failure where nothing was made."""
        if not self.made:
            raise self.failures[0] if self.failures else Cancelled()
