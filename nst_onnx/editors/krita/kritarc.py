"""The switch in Krita's settings that has it load a plug-in; all else in there is left as it is."""

from __future__ import annotations

import re
from pathlib import Path

from nst_onnx.editors.errors import PluginError
from nst_onnx.editors.krita.profiles import SWITCH

_SECTION = re.compile(r"^\[python\][ \t]*$(.*?)(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
_LINE = re.compile(rf"^{SWITCH}[ \t]*=[ \t]*(.*?)[ \t]*\n?$", re.MULTILINE)


def enabled(settings: Path) -> bool:
    """Return whether Krita loads the plug-in."""
    try:
        section = _SECTION.search(settings.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    line = _LINE.search(section.group(1)) if section else None
    return line is not None and line.group(1).lower() == "true"


def enable(settings: Path) -> None:
    """Switch it on. Raises PluginError."""
    _write(settings, True)


def forget(settings: Path) -> None:
    """Remove the switch. Raises PluginError."""
    if settings.is_file():
        _write(settings, False)


def _write(settings: Path, on: bool) -> None:
    line = f"{SWITCH}=true\n" if on else ""
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
        beside = settings.with_name(f".{settings.name}.new")
        beside.write_text(new, encoding="utf-8")
        if settings.exists():
            beside.chmod(settings.stat().st_mode)
        beside.replace(settings)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise PluginError(
            f"cannot switch the plug-in on or off in {settings}: {reason}",
            "do it in Krita: Settings ▸ Configure Krita ▸ Python Plugin Manager ▸ Neural Style",
        ) from None
