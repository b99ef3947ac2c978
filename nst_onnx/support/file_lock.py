"""Inter-process file lock. The operating system releases it however the process ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO


def acquire(path: Path) -> BinaryIO | None:
    """Lock a file, created if necessary, until the returned file is closed; None where it is locked already.

    Raises OSError where it cannot be created.
    """
    file = path.open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
                raise BlockingIOError  # removed meanwhile by the process that held it
    except OSError:
        file.close()
        return None
    return file
