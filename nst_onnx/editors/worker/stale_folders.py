"""Clean-up of private folders whose workers were killed, by the next worker.

A worker holds a file lock on its folder, which the system releases however the process ends. So a folder that
can be locked is abandoned. (A process number is no proof: numbers are reused, and differ inside a
container or a sandbox.) `nst-onnx app` holds its folder of pictures likewise. On Windows and on file systems
without such locks, abandoned folders remain.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
import tempfile
from pathlib import Path

PREFIX = "nst-onnx-worker-"
ENDED = "-ended"
"""Suffix of a folder that is being removed."""
_ATTEMPTS = 100


def make(parent: str | None, prefix: str = PREFIX) -> Path:
    """Make a folder that only its owner may enter, and hold it until this process ends. Raises OSError."""
    for _ in range(_ATTEMPTS):
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).resolve()
        if _held(path):
            return path
    raise OSError("other programs remove it again and again")


def remove_stale(parent: Path, prefix: str = PREFIX) -> None:
    """Remove the folders in `parent` that belong to this user and that no process holds any more."""
    name = re.compile(rf"{re.escape(prefix)}[a-z0-9_]{{8}}({ENDED})?")
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError), _opened(parent) as there:
        for path in parent.iterdir():
            if not name.fullmatch(path.name):
                continue
            with contextlib.suppress(OSError), _opened(path.name, there) as folder:
                facts = os.fstat(folder)
                own = facts.st_uid == os.geteuid() and stat.S_IMODE(facts.st_mode) == 0o700
                if own and _lock(folder):
                    shutil.rmtree(path.name, dir_fd=there)


def _held(path: Path) -> bool:
    """Hold a new folder; return False where another worker was quicker, and removed it as abandoned."""
    if sys.platform == "win32":
        return True
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)  # never closed
    except FileNotFoundError:
        return False
    with contextlib.suppress(OSError):  # without locks, no other worker removes it
        if not _lock(folder):
            return False
    return path.exists()


if sys.platform != "win32":
    import fcntl
    from collections.abc import Iterator

    def _lock(folder: int) -> bool:
        """Lock an open folder, unless another process has. Raises OSError where there are no locks."""
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextlib.contextmanager
    def _opened(path: Path | str, within: int | None = None) -> Iterator[int]:
        """Open a folder, but no link to one. Raises OSError."""
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=within)
        try:
            yield folder
        finally:
            os.close(folder)
