"""The setting in kritarc that enables the plug-in; all other settings keep their text."""

from __future__ import annotations

import re
from pathlib import Path

from nst_onnx.editors.krita.profiles import SETTING
from nst_onnx.errors import PluginError
from nst_onnx.support import library_errors
from nst_onnx.support.atomic_files import replacing
from nst_onnx.support.library_errors import system_reason

_SECTION = re.compile(r"^\[python\][ \t]*$(.*?)(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
_LINE = re.compile(rf"^{SETTING}[ \t]*=[ \t]*(.*?)[ \t]*\n?$", re.MULTILINE)


def enabled(settings: Path) -> bool:
    """Return whether the setting is there and true."""
    try:
        section = _SECTION.search(settings.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    line = _LINE.search(section.group(1)) if section else None
    return line is not None and line.group(1).lower() == "true"


def enable(settings: Path) -> None:
    """Set the setting to true. Raises PluginError."""
    _write(settings, True)


def remove(settings: Path) -> None:
    """Remove the setting. Raises PluginError."""
    if settings.is_file():
        _write(settings, False)


def _write(settings: Path, on: bool) -> None:
    line = f"{SETTING}=true\n" if on else ""
    try:
        text = settings.read_text(encoding="utf-8") if settings.is_file() else ""
        section = _SECTION.search(text)
        if section is None:
            new = f"{text.rstrip()}\n\n[python]\n{line}".lstrip() if on else text
        else:
            others = _LINE.sub("", section.group(1)).strip("\n")
            new = f"{text[: section.start()]}[python]\n{line}{others}".rstrip() + "\n"
            rest = text[section.end() :]
            new += f"\n{rest}" if rest else ""
        if new == text:
            return
        settings.parent.mkdir(parents=True, exist_ok=True)
        with replacing(settings) as file:  # a link, as into a folder of dotfiles, stays one
            file.write(new.encode())
    except (OSError, ValueError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else library_errors.of(error)
        raise PluginError(
            f"cannot switch the plug-in on or off in {settings}: {reason}",
            "do it in Krita: Settings ▸ Configure Krita ▸ Python Plugin Manager ▸ Neural Style",
        ) from None
