"""Painting in several processes: when one is killed, only its picture fails, and another takes its place."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import Any

from nst_onnx.errors import NstError
from nst_onnx.jobs.batch.executor import Event
from nst_onnx.jobs.batch.job import Ending, Job, Progress
from nst_onnx.jobs.batch.settings import Recipe
from nst_onnx.jobs.batch.worker_process import serve
from nst_onnx.support.library_errors import system_reason

_LISTEN = 0.2  # seconds, after which somebody who wants to stop is heard
_PATIENCE = 2.0  # seconds for a process to leave by itself


class Processes:
    """One process for each recipe; several recipes differ in device and threads only."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self._recipes = recipes
        self._stopping = False

    def stop(self) -> None:
        """Ask all processes to keep what they have and end."""
        self._stopping = True

    def paint(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield events. Raises NstError where no process can begin."""
        waiting = deque(enumerate(jobs))
        workers = [_Worker(recipe) for recipe in self._recipes[: len(jobs)]]
        told = False
        try:
            while workers:
                if self._stopping and not told:
                    waiting.clear()
                    for worker in workers:
                        worker.tell_to_stop()
                    told = True
                for worker in _heard(workers):
                    yield from self._hear(worker, workers, waiting)
        finally:
            for worker in workers:
                worker.end()

    def _hear(
        self, worker: _Worker, workers: list[_Worker], waiting: deque[tuple[int, Job]]
    ) -> Iterator[Event]:
        """Take one message of a worker, and give it something to do when it has nothing."""
        number = worker.number
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            workers.remove(worker)
            worker.end()
            if number is not None and self._stopping:
                yield number, Ending(state="interrupted")
            elif number is not None:
                yield number, Ending(state="failed", error=_killed(worker.exit_code))
            elif not workers:
                raise NstError(
                    f"no process can begin to paint ({_how(worker.exit_code)})",
                    "choose a smaller size or fewer processes if memory is short; a script that is run "
                    'as a file needs if __name__ == "__main__":',
                ) from None
            if waiting and number is not None:
                workers.append(_Worker(worker.recipe))
            return
        if isinstance(message, NstError):
            raise message
        if number is not None:
            yield number, message
        if not isinstance(message, Progress):
            worker.number = None
            if waiting:
                worker.number, job = waiting.popleft()
                yield worker.number, Progress()
                worker.give(job)
            else:
                workers.remove(worker)
                worker.end()


class _Worker:
    """A process that paints, and the wire to it. `number`: of the job at hand, None without one."""

    def __init__(self, recipe: Recipe) -> None:
        context = multiprocessing.get_context("spawn")
        self.recipe = recipe
        self.number: int | None = None
        self.exit_code: int | None = None
        self.connection, there = context.Pipe()
        self._process = context.Process(target=serve, args=(there, recipe), daemon=True)
        try:
            with _ctrl_c_held_back():
                self._process.start()
        except OSError as error:
            raise NstError(f"cannot start a process to paint in: {system_reason(error)}") from error
        there.close()  # so that the end of the process is the end of the wire

    def give(self, job: Job) -> None:
        """Let it paint; that it may be gone is noticed when it is listened to."""
        self._send(job)

    def tell_to_stop(self) -> None:
        """Let it end after the evaluation at hand."""
        self._send(None)

    def end(self) -> None:
        """Let go of the process, at once if it has a job."""
        self.connection.close()
        if self.number is not None:
            self._process.kill()
        self._process.join(_PATIENCE)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self.exit_code = self._process.exitcode

    def _send(self, message: Job | None) -> None:
        with suppress(OSError):
            self.connection.send(message)


def _heard(workers: Sequence[_Worker]) -> list[_Worker]:
    """Return those who have something to say, after a while none."""
    ready: list[Any] = wait([worker.connection for worker in workers], _LISTEN)
    return [worker for worker in workers if worker.connection in ready]


def _killed(exit_code: int | None) -> NstError:
    return NstError(
        f"the process that painted it ended ({_how(exit_code)})",
        "if memory was short: a smaller size, or fewer at a time",
    )


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        try:
            return f"by {signal.Signals(-exit_code).name}"
        except ValueError:
            return f"by signal {-exit_code}"
    return f"exit code {exit_code}"


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Let Ctrl-C wait: a process inherits what is blocked, so it cannot break off a child's beginning."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it is started with the first child, and lets Ctrl-C in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
