"""Room on the disk: checked before the set-up, and errors of the disk as sentences."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from ..errors import system_reason
from ..failure import Failure
from ..translation import _

UNPACKED = 3.5
"""Bytes on the disk for each byte to download: packages unpacked, and the cache's own files."""
_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_FULL_ON_WINDOWS = (39, 112)  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def check_space(folder: Path, megabytes: float) -> None:
    """Check that the disk of `folder` has room for an engine of `megabytes` to download. Raises Failure."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    needed, free = round(megabytes * UNPACKED), shutil.disk_usage(existing).free // 10**6
    if free < needed:
        raise no_space(folder, needed, free)


def no_space(folder: Path, needed: int = 0, free: int = 0) -> Failure:
    """Return the failure of a full disk; sizes in units of 10⁶ bytes, 0 where they are not known."""
    text = _("there is not enough room on the disk of {folder}").format(folder=folder)
    if needed:
        text += _(" ({needed} MB are needed, {free} MB are free)").format(needed=needed, free=free)
    return Failure(text, _("make room, then try again: what was downloaded is kept"))


def disk_failure(error: OSError, folder: Path) -> Failure:
    """Return an error of the operating system, met in `folder`, as a sentence."""
    if error.errno in _FULL or getattr(error, "winerror", None) in _FULL_ON_WINDOWS:
        return no_space(folder)
    place = error.filename or folder
    text = _("{place} cannot be written: {reason}").format(place=place, reason=system_reason(error))
    if error.errno in _FORBIDDEN:
        return Failure(text, _("see that you may write there, and that no virus scanner prevents it"))
    return Failure(text, _("try again"))
