"""Copying the plug-in into GIMP's profile, and taking it out again."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from nst_onnx.editors.gimp.profiles import FOLDER, MAIN_FILE
from nst_onnx.editors.plugin_files import Installed, place, remove, version_in
from nst_onnx.editors.profile import Profile


def install(profile: Profile) -> Path:
    """Install the plug-in and return where it is. Raises PluginError."""
    return place(profile.plug_ins / FOLDER, "gimp", profile.install_line, make_runnable)


def uninstall(profile: Profile) -> Path | None:
    """Remove the plug-in; return what was removed. Raises PluginError."""
    return remove(profile.plug_ins / FOLDER)


def installed(profile: Profile) -> Installed | None:
    """Return what is installed in a profile."""
    target = profile.plug_ins / FOLDER
    return Installed(target, version_in(target)) if (target / MAIN_FILE).is_file() else None


def make_runnable(folder: Path) -> None:
    """Set the run bits for all who may read; GIMP passes over plug-ins without. Raises OSError."""
    file = folder / MAIN_FILE
    mode = stat.S_IMODE(file.stat().st_mode)
    file.chmod(mode | (mode & 0o444) >> 2)


def runnable(folder: Path) -> bool:
    """Return whether the run bit is set (on Windows there is none)."""
    return os.access(folder / MAIN_FILE, os.X_OK)
