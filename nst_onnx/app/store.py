"""Pictures of the session in a temporary folder: those that were sent, and those that were painted."""

from __future__ import annotations

import re
import secrets
import shutil
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

from nst_onnx.editors.worker import stale_folders
from nst_onnx.errors import NstError

PREFIX = "nst-onnx-app-"
LARGEST = 200 * 1024 * 1024
"""Bytes of one picture's file."""
MOST = 32
"""Pictures that were sent; the oldest give way to further ones."""
MOST_RESULTS = 200
_NAME = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 80


class TooLargeError(NstError):
    """A picture's file, `name`, is larger than `LARGEST`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is larger than {LARGEST >> 20} MB", "save it smaller, or as JPEG")


class Store:
    """Files by random identifiers, so that no request names a path.

    What a program that was killed left behind, the next one removes.
    """

    def __init__(self) -> None:
        self.folder = stale_folders.make(None, PREFIX)
        stale_folders.remove_stale(self.folder.parent, PREFIX)
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._sent: dict[str, Path] = {}
        self._results: dict[str, Path] = {}

    async def receive(self, name: str, parts: AsyncIterator[bytes]) -> str:
        """Write a picture that comes in parts; return its identifier. Raises TooLargeError, OSError."""
        path, size = self._place(name), 0
        try:
            with path.open("wb") as file:
                async for part in parts:
                    size += len(part)
                    if size > LARGEST:
                        raise TooLargeError(name)
                    file.write(part)
        except BaseException:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        return _keep(self._sent, path, MOST)

    def sent(self, identifier: object) -> Path:
        """Return the file of a picture that was sent. Raises NstError."""
        path = self._sent.get(identifier) if isinstance(identifier, str) else None
        if path is None:
            raise NstError("a picture is no longer there", "choose it again")
        return path

    def new_result(self) -> tuple[str, Path]:
        """Return an identifier for a painted picture, and where to write it."""
        path = self._place("painted.png")
        return _keep(self._results, path, MOST_RESULTS), path

    def result(self, identifier: str) -> Path | None:
        """Return a painted picture's file, None where there is none."""
        return self._results.get(identifier)

    def without_folders(self, text: str) -> str:
        """Return a message about pictures with their names only: the folder tells a person nothing."""
        for path in self._sent.values():
            text = text.replace(str(path), path.name)
        return text

    def close(self) -> None:
        """Remove everything."""
        self._remove()

    def _place(self, name: str) -> Path:
        """Return a file of a folder of its own, with a name that messages can show."""
        folder = self.folder / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        plain = _NAME.sub("_", Path(name.replace("\\", "/")).name).lstrip(".")[-_LONGEST_NAME:]
        return folder / (plain or "picture")


def _keep(kept: dict[str, Path], path: Path, most: int) -> str:
    """Add a file, and remove the oldest where there are too many; return its identifier."""
    kept[path.parent.name] = path
    while len(kept) > most:
        shutil.rmtree(kept.pop(next(iter(kept))).parent, ignore_errors=True)
    return path.parent.name
