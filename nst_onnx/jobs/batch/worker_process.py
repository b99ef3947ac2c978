"""A process that paints for another one, which is at the other end of a wire."""

from __future__ import annotations

import signal
from multiprocessing.connection import Connection

from nst_onnx.errors import NstError
from nst_onnx.jobs.batch.job import Job, Progress
from nst_onnx.jobs.batch.paint_one import Painter
from nst_onnx.jobs.batch.settings import Recipe
from nst_onnx.painting.stylizer import Step
from nst_onnx.support.throttle import Throttle

READY = "ready"
_SECONDS = 0.1  # between two messages of how it goes on


def serve(connection: Connection, recipe: Recipe) -> None:
    """Say READY, or the NstError that prevents it; then for every `Job` say `Progress` and its `Ending`.

    Ends when it is sent anything else, or the other end is gone: with a picture at hand after the next
    evaluation, and with its state kept. Ctrl-C is not for this process, but for the one that asks it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        painter = Painter(recipe)
    except NstError as error:
        connection.send(error)
        return
    pace = Throttle(_SECONDS)
    stopping = False

    def follow(step: Step) -> bool:
        nonlocal stopping
        stopping = stopping or connection.poll()  # nothing is sent meanwhile but that it shall stop
        if pace.due() and not stopping:
            try:
                pace.run(lambda: connection.send(Progress(step.iteration, step.iterations)))
            except OSError:
                stopping = True
        return not stopping

    try:
        connection.send(READY)
        while not stopping and isinstance(job := connection.recv(), Job):
            connection.send(painter.paint(job, follow))
    except (EOFError, OSError):  # nobody is there any more
        return
