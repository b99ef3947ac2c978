"""Entry point of a batch worker process, driven over a pipe."""

from __future__ import annotations

import signal
from multiprocessing.connection import Connection

from nst_onnx.errors import NstError
from nst_onnx.jobs.batch.job import Job, Progress
from nst_onnx.jobs.batch.job_runner import JobRunner
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.painting.step import Step
from nst_onnx.support.throttle import Throttle

READY = "ready"
_INTERVAL = 0.1  # seconds between two progress messages


def serve(connection: Connection, settings: BatchSettings) -> None:
    """Send READY, or the NstError that prevents it; then send `Progress` and `Ending` for each job received.

    Ends when it receives anything else or the pipe closes; a running job is then interrupted after its
    current evaluation, and its resume file is saved. SIGINT is ignored: the parent process handles Ctrl-C.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        runner = JobRunner(settings)
    except NstError as error:
        connection.send(error)
        return
    throttle = Throttle(_INTERVAL)
    stopping = False

    def callback(step: Step) -> bool:
        nonlocal stopping
        stopping = stopping or connection.poll()  # the only message during a job is the request to stop
        if throttle.due() and not stopping:
            try:
                throttle.run(lambda: connection.send(Progress(step.iteration, step.iterations)))
            except OSError:
                stopping = True
        return not stopping

    try:
        connection.send(READY)
        while not stopping and isinstance(job := connection.recv(), Job):
            connection.send(runner.run(job, callback))
    except (EOFError, OSError):  # the parent process is gone
        return
