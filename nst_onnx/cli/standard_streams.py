"""The standard streams of the process: closed, full, or of an encoding that lacks our signs."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress

_LOST = (errno.ENOSPC, errno.EBADF, errno.EIO, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC)


class _Forgiving(io.TextIOWrapper):
    """A text stream on which nothing depends: writing to it does nothing where it is closed or full."""

    def write(self, text: str) -> int:
        """Write a text, if possible."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if possible."""
        with suppress(OSError):
            super().flush()


def prepare() -> None:
    """Make the three standard streams usable, whatever the process was started with.

    A closed one is opened on the null device, so that no other file gets its number and with it what a
    library prints; reading it finds the end, and what is written to standard output counts as lost (see
    `is_lost`). What an encoding lacks is replaced; a file name that is no UTF-8 is written as its bytes.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):  # writing to 1 must fail
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    sys.stdin = sys.stdin or io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    sys.stdout = sys.stdout or io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8")
    if sys.stderr is None or (sys.stderr is sys.__stderr__ and type(sys.stderr) is io.TextIOWrapper):
        sys.stderr = _forgiving(sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            utf8 = stream.encoding.lower().replace("-", "") == "utf8"
            stream.reconfigure(errors="surrogateescape" if utf8 and os.name == "posix" else "replace")


def _forgiving(stream: io.TextIOWrapper | None) -> _Forgiving:
    """Return a stream on the buffer of standard error, which in a Windows console writes its characters."""
    if stream is None:
        return _Forgiving(io.BufferedWriter(io.FileIO(2, "w", closefd=False)), "utf-8", line_buffering=True)
    return _Forgiving(stream.buffer, stream.encoding, line_buffering=True)


def is_lost(error: OSError) -> bool:
    """Whether an error says that standard output could not be written: it is full, or closed."""
    return error.errno in _LOST and error.filename is None


def silence() -> None:
    """Redirect standard output to nowhere, so that the rest of it causes no error at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
