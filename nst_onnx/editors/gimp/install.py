"""Installation of the plug-in in a GIMP profile."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from nst_onnx.editors import plugin_files
from nst_onnx.editors.gimp.profiles import FOLDER, MAIN_FILE, GimpProfile
from nst_onnx.editors.plugin_files import Installed


def install(profile: GimpProfile) -> Path:
    """Install the plug-in and return its folder. Raises PluginError."""
    files = plugin_files.source() / "gimp" / FOLDER
    return plugin_files.install(files, profile.plug_ins / FOLDER, profile.install_line, make_executable)


def uninstall(profile: GimpProfile) -> Path | None:
    """Remove the plug-in and return its folder; None where there was none. Raises PluginError."""
    return plugin_files.remove(profile.plug_ins / FOLDER)


def installed(profile: GimpProfile) -> Installed | None:
    """Return the plug-in installed in a profile."""
    return plugin_files.installed(profile.plug_ins / FOLDER, MAIN_FILE)


def make_executable(folder: Path) -> None:
    """Set the executable bits for all who may read: GIMP skips plug-ins without them. Raises OSError."""
    file = folder / MAIN_FILE
    mode = stat.S_IMODE(file.stat().st_mode)
    file.chmod(mode | (mode & 0o444) >> 2)


def executable(folder: Path) -> bool:
    """Return whether the executable bit is set (Windows has none)."""
    return os.access(folder / MAIN_FILE, os.X_OK)
