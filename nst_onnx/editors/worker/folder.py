"""The worker's private folder, through which pixels are exchanged."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import time
from pathlib import Path

from nst_onnx.editors.worker import stale_folders
from nst_onnx.editors.worker.protocol import ProtocolError
from nst_onnx.errors import NstError
from nst_onnx.support.library_errors import system_reason

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)


class Folder:
    """A folder that only its owner may enter, for files that only their owner may read."""

    def __init__(self, parent: str | None = None) -> None:
        """Raises NstError where it cannot be made."""
        try:
            self.path = stale_folders.make(parent)
        except OSError as error:
            raise NstError(
                f"cannot make a folder for pixels: {_reason(error)}", "is there room for temporary files?"
            ) from error
        self._count = 0

    def read(self, name: str, size: int) -> bytearray:
        """Return the `size` bytes of a file and remove it.

        Raises ProtocolError for a name that could lead anywhere else, for anything but a plain file
        (links included), and for a file of another size.
        """
        path = self._inside(name)
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise ProtocolError(f"{name!r} is not a plain file")
            with os.fdopen(os.open(path, os.O_RDONLY | _NO_FOLLOW | _BINARY), "rb") as file:
                found = os.fstat(file.fileno()).st_size
                if found != size:
                    raise ProtocolError(f"{name!r} holds {found} bytes, not the {size} of its picture")
                data = bytearray(size)
                if file.readinto(data) != size:
                    raise ProtocolError(f"{name!r} was cut short while it was read")
        except OSError as error:
            raise ProtocolError(f"cannot read the pixels in {name!r}: {_reason(error)}") from error
        self.remove(name)
        return data

    def write(self, kind: str, data: memoryview) -> str:
        """Write a new file and return its name, which begins with `kind`. Raises NstError."""
        self._count += 1
        name = f"{kind}-{self._count}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY
        try:
            with os.fdopen(os.open(self.path / name, flags, 0o600), "wb") as file:
                file.write(data)
        except OSError as error:
            self.remove(name)
            raise NstError(
                f"cannot hand over the picture: {_reason(error)}", f"make room in {self.path.parent}"
            ) from error
        return name

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(OSError, ProtocolError):
            self._inside(name).unlink(missing_ok=True)

    def holds(self, name: str) -> bool:
        """Whether a file is still there."""
        return (self.path / name).exists()

    def remove_all(self) -> None:
        """Remove the folder, also while a thread or the client is still writing into it."""
        doomed = self.path.with_name(f"{self.path.name}{stale_folders.ENDED}")
        try:
            self.path.rename(doomed)  # so that nothing can come in any more
        except OSError:  # Windows does not move a folder with an open file
            doomed = self.path
        deadline = time.monotonic() + 1
        while doomed.exists() and time.monotonic() < deadline:
            shutil.rmtree(doomed, ignore_errors=True)
            if doomed.exists():
                time.sleep(0.02)

    def _inside(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ProtocolError(f"{name!r} is not the name of a file in the worker's folder")
        return self.path / name


def _reason(error: OSError) -> str:
    return system_reason(error)
