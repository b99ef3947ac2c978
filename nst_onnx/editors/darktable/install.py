"""Installation of the plug-in in a darktable profile: its files, and the line that loads it."""

from __future__ import annotations

import sys
from pathlib import Path

from nst_onnx.editors import plugin_files
from nst_onnx.editors.darktable import luarc
from nst_onnx.editors.darktable.profiles import FOLDER, MAIN_FILE, DarktableProfile
from nst_onnx.editors.plugin_files import Installed
from nst_onnx.version import __version__

_ENGINE = "engine.lua"


def install(profile: DarktableProfile) -> Path:
    """Install and enable the plug-in, and return its folder. Raises PluginError."""
    files = plugin_files.source() / "darktable" / FOLDER
    target = plugin_files.install(files, profile.plug_in, profile.install_line, _write_engine)
    luarc.enable(profile.luarc)
    return target


def uninstall(profile: DarktableProfile) -> Path | None:
    """Remove the plug-in and return its folder; None where there was none. Raises PluginError."""
    luarc.remove(profile.luarc)
    return plugin_files.remove(profile.plug_in)


def installed(profile: DarktableProfile) -> Installed | None:
    """Return the plug-in installed in a profile."""
    return plugin_files.installed(profile.plug_in, MAIN_FILE)


def _write_engine(folder: Path) -> None:
    """Write the command of this installation as Lua, which has no reader of JSON. Raises OSError."""
    words = ", ".join(map(_quoted, (sys.executable, "-m", "nst_onnx")))
    text = f"return {{ command = {{ {words} }}, version = {_quoted(__version__)} }}\n"
    (folder / _ENGINE).write_text(text, encoding="utf-8")


def _quoted(text: str) -> str:
    """Return a text as a literal of Lua."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
