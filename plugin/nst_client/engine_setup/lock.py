"""A lock between editors: only one of them sets up, or removes, engines at a time."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..failure import Failure
from ..translation import _
from .space import disk_failure

_PATIENCE = 3.0
"""Seconds; a process that was just killed leaves the lock to its child until that ends."""
_PAUSE = 0.1  # seconds


@contextlib.contextmanager
def locked(folder: Path, patience: float = _PATIENCE) -> Iterator[int]:
    """Hold the lock of `folder`, which is made, and yield the lock's file descriptor.

    The system releases the lock when the process ends; on POSIX, when the programs that have inherited the
    descriptor have ended, too. Raises Failure where another editor holds it for `patience` seconds, or the
    folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / "lock").open("ab")
    except OSError as error:
        raise disk_failure(error, folder) from error
    with stream:
        deadline = time.monotonic() + patience
        while not _lock(stream):
            if time.monotonic() < deadline:
                time.sleep(_PAUSE)
                continue
            raise Failure(
                _("the engine is being set up by another window or editor"),
                _("wait until that has ended, then try again"),
            )
        yield stream.fileno()


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> bool:
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(stream: IO[bytes]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
