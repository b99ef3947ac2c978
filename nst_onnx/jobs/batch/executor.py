"""Executor protocol of a batch, and the executor that runs jobs one by one in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from nst_onnx.jobs.batch.job import Ending, Job, Progress
from nst_onnx.jobs.batch.job_runner import JobRunner
from nst_onnx.jobs.batch.settings import BatchSettings

Event = tuple[int, Progress | Ending]
"""The index of a job, and its progress or ending."""


class Executor(Protocol):
    """Runs jobs with the settings that it was made with."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield events until every job has an `Ending`, in any order.

        Closing the iterator ends all work at once. Raises NstError if no job can run, for instance because
        the model cannot be opened.
        """

    def stop(self) -> None:
        """Start no further job, and end the running ones as "interrupted"; safe in a signal handler.

        Jobs that had not started get no ending.
        """


class SerialExecutor:
    """Runs jobs one after the other in this process."""

    def __init__(self, settings: BatchSettings) -> None:
        self._settings = settings
        self._stopping = False

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield the endings."""
        runner = JobRunner(self._settings)
        for number, job in enumerate(jobs):
            if self._stopping:
                return
            yield number, runner.run(job, lambda _: not self._stopping)

    def stop(self) -> None:
        """Stop after the current evaluation."""
        self._stopping = True
