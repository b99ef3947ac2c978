"""Self-test of an engine: its worker starts, and paints a small picture."""

from __future__ import annotations

import time

from ..client import Engine
from ..errors import EngineError
from ..events import Done, Error
from ..failure import Failure
from ..job import Job
from ..pixels import Pixels
from ..translation import _
from .cancelling import Cancelling

_SIDE = 32
_OPTIONS = {"size": _SIDE, "steps": 2}
_SECONDS = 300.0
_POLL_SECONDS = 0.1


def check(command: list[str], version: str, cancelling: Cancelling) -> None:
    """Start the worker `command`, and have it paint. Raises Failure, Cancelled."""
    engine = Engine(command, version=version, start_seconds=_SECONDS)
    try:
        engine.launch()
        while engine.ready() is None:
            cancelling.check()
            time.sleep(_POLL_SECONDS)
        content, style = _waves(3), _waves(5)
        last = _last(engine.stylize(content, [style], _OPTIONS, preview_seconds=None), cancelling)
        if isinstance(last, Error):
            raise _failure(last.message, last.log)
    except EngineError as error:
        raise _failure(str(error), error.log) from error
    finally:
        engine.close()


def _last(job: Job, cancelling: Cancelling) -> Done | Error:
    """Return a job's last event. Raises Cancelled."""
    while True:
        for event in job.poll():
            if isinstance(event, (Done, Error)):
                return event
        cancelling.check()
        time.sleep(_POLL_SECONDS)


def _waves(factor: int) -> Pixels:
    """Return a small picture with a pattern."""
    data = bytes(factor * n * (n // _SIDE) % 256 for n in range(_SIDE * _SIDE * 3))
    return Pixels(_SIDE, _SIDE, 3, "u8", data)


def _failure(reason: str, log: str) -> Failure:
    lines = log.strip().splitlines()
    detail = f"{reason} ({lines[-1].strip()})" if lines and "could not start" in reason else reason
    text = _("the engine was installed, but its test failed: {reason}").format(reason=detail)
    if "DLL load failed" in log or "DLL load failed" in reason:
        return Failure(text, _("install Microsoft's Visual C++ Redistributable (x64), then try again"))
    return Failure(text, _("try again; if it happens again, report this message"))
