"""Writing a file so that at any moment there is the whole old one or the whole new one."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file beside `path` that takes its place when the block ends without an error.

    A new file gets the permissions that any program's would (0666 less the umask); a replaced
    one keeps its own. A symbolic link is followed, not replaced. On an error, Ctrl-C included,
    nothing is left behind and `path` is as it was. Raises OSError.
    """
    target = path.resolve()
    beside = target.with_name(f".nst-onnx-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        put(beside, target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def put(file: Path, path: Path) -> None:
    """Let a whole file, in the same file system, take the place of `path`, and its permissions.

    A symbolic link is followed, not replaced. Raises OSError.
    """
    target = path.resolve()
    if target.exists():
        file.chmod(stat.S_IMODE(target.stat().st_mode))
    file.replace(target)


def probe(path: Path) -> None:
    """Raise OSError if `replacing(path)` could not make its file; leave nothing behind."""
    target = path.resolve()
    beside = target.with_name(f".nst-onnx-{secrets.token_hex(8)}.tmp")
    beside.touch(exist_ok=False)
    beside.unlink()
