"""The shelf of styles: pictures that were made of layers, and the styles used last, in a folder of files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Callable

RECENT = 8
KEPT = 40  # pictures made of layers
_DIGEST = re.compile(r"\.[0-9a-f]{10}$")
_UNFIT = re.compile(r'[\s\x00-\x1f/\\:*?"<>|]+')


class StyleShelf:
    """Styles that are no files of the user's own, or were used before."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._list = folder, folder / "recent-styles.json"

    def recent(self) -> list[str]:
        """Return the paths of the styles used last, the newest first; of those that are still there."""
        try:
            listed = json.loads(self._list.read_text("utf-8"))
            return [path for path in listed if isinstance(path, str) and Path(path).is_file()][:RECENT]
        except (OSError, ValueError, TypeError):
            return []

    def remember(self, *paths: str) -> None:
        """Put styles at the head of the recent ones."""
        listed = dict.fromkeys([*paths, *self.recent()])
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            _replace(self._list, json.dumps([*listed][:RECENT]).encode())

    def place(self, name: str, digest: bytes, write: Callable[[Path], None]) -> Path:
        """Return the PNG file of a style called `name`; `write(path)` makes it, unless it is there already.

        `digest`: bytes that differ where the picture differs. Raises OSError.
        """
        folder = self._folder / "styles"
        folder.mkdir(parents=True, exist_ok=True)
        own = folder / hashlib.sha256(digest).hexdigest()[:10]  # the editor's buttons show the file's name
        path = own / f"{_UNFIT.sub(' ', name).strip()[:60] or 'style'}.png"
        if not path.exists():
            own.mkdir(exist_ok=True)
            part = path.with_suffix(".part")
            try:
                write(part)
                part.replace(path)
            finally:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
                    own.rmdir()  # where it holds nothing
            self._prune(folder, path)
        return path

    def _prune(self, folder: Path, newest: Path) -> None:
        """Remove the oldest pictures beyond KEPT, except those used last."""
        kept = {*self.recent(), str(newest)}
        with contextlib.suppress(OSError):
            pictures = sorted(folder.rglob("*.png"), key=lambda path: path.stat().st_mtime)
            for path in pictures[:-KEPT]:
                if str(path) not in kept:
                    path.unlink(missing_ok=True)
                    _remove_empty(path.parent, folder)


def name_of(path: Path) -> str:
    """Return a style's name for the user: its file's, without suffix and an older shelf's digest."""
    return _DIGEST.sub("", path.stem)


def _remove_empty(own: Path, folder: Path) -> None:
    """Remove a picture's folder, where it holds no other name of the same picture."""
    if own != folder:
        with contextlib.suppress(OSError):
            own.rmdir()


def _replace(path: Path, data: bytes) -> None:
    part = path.with_suffix(f".{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)
