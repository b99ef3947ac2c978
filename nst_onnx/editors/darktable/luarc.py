"""The line in luarc that loads the plug-in; all other lines keep their text."""

from __future__ import annotations

import re
from pathlib import Path

from nst_onnx.editors.darktable.profiles import FOLDER
from nst_onnx.errors import PluginError
from nst_onnx.support import library_errors
from nst_onnx.support.atomic_files import replacing
from nst_onnx.support.library_errors import system_reason

LINE = f'require "{FOLDER}/{FOLDER}"'
_OURS = re.compile(rf"^[ \t]*require[ \t(]*[\"']{FOLDER}/{FOLDER}[\"'].*\n?", re.MULTILINE)


def enabled(luarc: Path) -> bool:
    """Return whether the line is there."""
    try:
        return _OURS.search(luarc.read_text(encoding="utf-8")) is not None
    except (OSError, ValueError):
        return False


def enable(luarc: Path) -> None:
    """Add the line. Raises PluginError."""
    _write(luarc, True)


def remove(luarc: Path) -> None:
    """Remove the line. Raises PluginError."""
    if luarc.is_file():
        _write(luarc, False)


def _write(luarc: Path, on: bool) -> None:
    try:
        text = luarc.read_text(encoding="utf-8") if luarc.is_file() else ""
        new = _OURS.sub("", text)
        if on:
            new += ("" if not new or new.endswith("\n") else "\n") + LINE + "\n"
        if new == text:
            return
        luarc.parent.mkdir(parents=True, exist_ok=True)
        with replacing(luarc) as file:  # a link, as into a folder of dotfiles, stays one
            file.write(new.encode())
    except (OSError, ValueError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else library_errors.of(error)
        raise PluginError(
            f"cannot switch the plug-in on or off in {luarc}: {reason}",
            f"write the line into it yourself: {LINE}",
        ) from None
