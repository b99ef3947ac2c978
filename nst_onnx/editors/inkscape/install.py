"""Installation of the extension in an Inkscape profile."""

from __future__ import annotations

from pathlib import Path

from nst_onnx.editors import plugin_files
from nst_onnx.editors.inkscape.profiles import FOLDER, MAIN_FILE, InkscapeProfile
from nst_onnx.editors.plugin_files import Installed


def install(profile: InkscapeProfile) -> Path:
    """Install the extension and return its folder. Raises PluginError."""
    files = plugin_files.source() / "inkscape" / FOLDER
    return plugin_files.install(files, profile.plug_in, profile.install_line)


def uninstall(profile: InkscapeProfile) -> Path | None:
    """Remove the extension and return its folder; None where there was none. Raises PluginError."""
    return plugin_files.remove(profile.plug_in)


def installed(profile: InkscapeProfile) -> Installed | None:
    """Return the extension installed in a profile."""
    return plugin_files.installed(profile.plug_in, MAIN_FILE)
