"""Folders of engines that were set up from inside editors, one place for all editors of a user."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

_NAME = "nst-onnx"


@dataclass(frozen=True)
class Folders:
    """The folders below `root`; all of them may be removed together."""

    root: Path

    @property
    def shown(self) -> str:
        """The root as a user reads it, with ~ for the home."""
        home = str(Path.home())
        path = str(self.root)
        return f"~{path[len(home) :]}" if path.startswith(home + os.sep) else path

    @property
    def engines(self) -> Path:
        """Engines, each a Python environment of its own."""
        return self.root / "engines"

    @property
    def tools(self) -> Path:
        """The uv program."""
        return self.root / "tools"

    @property
    def pythons(self) -> Path:
        """Pythons that uv has installed."""
        return self.root / "python"

    @property
    def downloads(self) -> Path:
        """Files that are being downloaded."""
        return self.root / "downloads"

    @property
    def cache(self) -> Path:
        """Packages that uv has downloaded, which engines share by hard links."""
        return self.root / "cache"


def default() -> Folders:
    """Return the folders of this user; within a Flatpak or a Snap they lie in its sandbox.

    NST_ONNX_ENGINES replaces the place.
    """
    chosen = os.environ.get("NST_ONNX_ENGINES")
    return Folders(Path(chosen) if chosen else _data() / _NAME / "editors")


def _data() -> Path:
    """Return the folder of a user's program data."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local")
    if sys.platform == "darwin":
        return home / "Library/Application Support"
    snap = os.environ.get("SNAP_USER_COMMON")
    if snap:
        return Path(snap)
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
