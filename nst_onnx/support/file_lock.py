"""A file that one process at a time holds; the system lets go of it however the process ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO


def take(path: Path) -> BinaryIO | None:
    """Hold a file, made if need be, until what is returned is closed; None where somebody else holds it.

    Raises OSError where it cannot be made.
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
                raise BlockingIOError  # whoever held it has removed it meanwhile
    except OSError:
        file.close()
        return None
    return file
