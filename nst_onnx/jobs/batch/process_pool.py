"""Pool of worker processes: if one is killed, only its job fails, and another process replaces it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import wait

from nst_onnx.errors import NstError, PictureError
from nst_onnx.jobs.batch.executor import Event
from nst_onnx.jobs.batch.job import Ending, Job, Progress
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.jobs.batch.worker_process import serve
from nst_onnx.support import library_errors
from nst_onnx.support.library_errors import system_reason

_POLL = 0.2  # seconds to wait for a message before a stop is checked for
_JOIN_TIMEOUT = 2.0  # seconds for a process to end by itself


class ProcessPool:
    """Executor with one process for each element of `settings`, which differ in device and threads only."""

    def __init__(self, settings: Sequence[BatchSettings]) -> None:
        self._settings = settings
        self._stopping = False
        self._workers: list[_Worker] = []
        self._waiting: deque[tuple[int, Job]] = deque()

    def stop(self) -> None:
        """Request all processes to save their checkpoints and end."""
        self._stopping = True

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield events. Raises NstError if no process can start."""
        self._waiting = deque(enumerate(jobs))
        self._workers = []
        stop_sent = False
        try:
            for settings in self._settings[: len(jobs)]:
                self._workers.append(_Worker(settings))
            while self._workers:
                if self._stopping and not stop_sent:
                    self._waiting.clear()
                    for worker in self._workers:
                        worker.send(None)
                    stop_sent = True
                for worker in _with_message(self._workers):
                    yield from self._receive(worker)
        finally:
            for worker in self._workers:
                worker.end()

    def _receive(self, worker: _Worker) -> Iterator[Event]:
        """Receive one message of a worker, and send it the next job if it is idle."""
        number = worker.number
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._after_exit(worker)
            return
        if isinstance(message, NstError):
            raise message
        if number is not None:
            yield number, message
        if not isinstance(message, Progress):
            worker.number = None
            yield from self._send_next(worker)

    def _send_next(self, worker: _Worker) -> Iterator[Event]:
        """Send the next job to a worker, and end the worker if there is none."""
        while self._waiting:
            worker.number, job = self._waiting.popleft()
            yield worker.number, Progress()
            try:
                worker.send(job)
                return
            except Exception as error:  # any, by what cannot be pickled; nothing is sent then
                reason = f"its pictures cannot be sent to another process: {library_errors.of(error)}"
                yield worker.number, Ending(state="failed", error=PictureError(reason))
                worker.number = None
        self._workers.remove(worker)
        worker.end()

    def _after_exit(self, worker: _Worker) -> Iterator[Event]:
        """Fail the job of a process that has exited, and replace the process if jobs are waiting."""
        number = worker.number
        self._workers.remove(worker)
        worker.end()
        if number is not None and self._stopping:
            yield number, Ending(state="interrupted")
        elif number is not None:
            yield number, Ending(state="failed", error=_killed(worker.exit_code))
        elif not self._workers:
            raise NstError(
                f"no process can begin to paint ({_cause(worker.exit_code)})",
                "choose a smaller size or fewer processes if memory is short; a script that is run "
                'as a file needs if __name__ == "__main__":',
            ) from None
        if self._waiting and number is not None:
            self._workers.append(_Worker(worker.settings))


class _Worker:
    """A worker process and the pipe to it. `number`: of its current job, None if it is idle."""

    def __init__(self, settings: BatchSettings) -> None:
        context = multiprocessing.get_context("spawn")
        self.settings = settings
        self.number: int | None = None
        self.exit_code: int | None = None
        self.connection, remote_end = context.Pipe()
        self._process = context.Process(target=serve, args=(remote_end, settings), daemon=True)
        try:
            with _safe_path(), _sigint_blocked():
                self._process.start()
        except OSError as error:
            raise NstError(f"cannot start a process to paint in: {system_reason(error)}") from error
        remote_end.close()  # so that the pipe closes when the process ends

    def send(self, message: Job | None) -> None:
        """Send a job, or None to stop after the current evaluation. `_receive` handles an exited process."""
        with suppress(OSError):
            self.connection.send(message)

    def end(self) -> None:
        """Close the pipe and join the process; kill it at once if it runs a job."""
        self.connection.close()
        if self.number is not None:
            self._process.kill()
        self._process.join(_JOIN_TIMEOUT)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self.exit_code = self._process.exitcode


def _with_message(workers: Sequence[_Worker]) -> list[_Worker]:
    """Wait a short while, and return the workers that have sent a message or exited."""
    ready = set(wait([worker.connection for worker in workers], _POLL))
    return [worker for worker in workers if worker.connection in ready]


def _killed(exit_code: int | None) -> NstError:
    return NstError(
        f"the process that painted it ended ({_cause(exit_code)})",
        "if memory was short: a smaller size, or fewer at a time",
    )


def _cause(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        try:
            return f"by {signal.Signals(-exit_code).name}"
        except ValueError:
            return f"by signal {-exit_code}"
    return f"exit code {exit_code}"


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keep the working folder out of a child's ``sys.path``.

    multiprocessing starts children by ``python -c``, which imports from the working folder first: a file
    ``signal.py`` beside the pictures would be executed. Children get this process's ``sys.path`` afterwards.
    """
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT: a child inherits the mask, so that Ctrl-C cannot interrupt its start."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it starts with the first child, and would unblock SIGINT
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
