"""Standard error as native libraries write to it, past Python's ``sys.stderr``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_DESCRIPTOR = 2


@contextmanager
def captured() -> Iterator[Callable[[], str]]:
    """Redirect file descriptor 2, to which native libraries write too; yield a function that reads it.

    Where the process has no standard error, nothing is redirected.
    """
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
        before = os.dup(_DESCRIPTOR)
    except (OSError, ValueError):  # it is closed
        yield lambda: ""
        return
    with tempfile.TemporaryFile() as file:

        def read() -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        os.dup2(file.fileno(), _DESCRIPTOR)
        try:
            yield read
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(before, _DESCRIPTOR)
            os.close(before)


@contextmanager
def without_lines(mark: str, *, unless: bool = False) -> Iterator[None]:
    """Drop the lines with `mark` in them that are written to standard error inside the block.

    The others are written at its end. With `unless` nothing is redirected.
    """
    if unless:
        yield
        return
    with captured() as read:
        try:
            yield
        finally:
            written = read()
    kept = "".join(line for line in written.splitlines(keepends=True) if mark not in line)
    if kept:
        os.write(_DESCRIPTOR, kept.encode(errors="replace"))
