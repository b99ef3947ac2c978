"""Atomic file replacement: at any moment `path` is the complete old file or the complete new one."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from nst_onnx.support.arguments import resolved


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`, and rename it to `path` when the block ends without an error.

    A new file gets the default permissions (0666 less the umask); a replaced one keeps its own.
    A symbolic link is followed, not replaced. On an error, Ctrl-C included,
    the temporary file is removed and `path` is unchanged. Raises OSError.
    """
    target = _target(path)
    temporary = target.with_name(f".nst-onnx-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        put(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def put(file: Path, path: Path) -> None:
    """Rename a complete file, in the same file system, to `path`; it gets the replaced file's permissions.

    A symbolic link is followed, not replaced. Raises OSError.
    """
    target = resolved(path)
    if target.exists():
        with suppress(OSError):  # refused on CIFS, exFAT and other file systems without permissions
            file.chmod(stat.S_IMODE(target.stat().st_mode))
    file.replace(target)


def _target(path: Path) -> Path:
    """Return the file that a path means, through all links. Raises OSError for links in a circle."""
    target = resolved(path)
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def probe(path: Path) -> None:
    """Raise OSError if `replacing(path)` could not create its temporary file."""
    target = _target(path)
    temporary = target.with_name(f".nst-onnx-{secrets.token_hex(8)}.tmp")
    temporary.touch(exist_ok=False)
    temporary.unlink()
