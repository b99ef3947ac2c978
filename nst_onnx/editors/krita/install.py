"""Installation of the plug-in in a Krita profile: files, .desktop file, and the setting that enables it."""

from __future__ import annotations

import shutil
from pathlib import Path

from nst_onnx.editors import plugin_files
from nst_onnx.editors.krita import kritarc
from nst_onnx.editors.krita.profiles import DESKTOP, FOLDER, KritaProfile
from nst_onnx.editors.plugin_files import Installed
from nst_onnx.errors import PluginError
from nst_onnx.support.library_errors import system_reason


def install(profile: KritaProfile) -> Path:
    """Install and enable the plug-in, and return its folder. Raises PluginError."""
    files = plugin_files.source() / "krita"
    target = plugin_files.install(files / FOLDER, profile.plug_ins / FOLDER, profile.install_line)
    try:
        shutil.copyfile(files / DESKTOP, profile.plug_ins / DESKTOP)
    except OSError as error:
        reason = system_reason(error)
        raise PluginError(f"cannot install into {profile.plug_ins}: {reason}") from None
    kritarc.enable(profile.settings)
    return target


def uninstall(profile: KritaProfile) -> Path | None:
    """Remove the plug-in and return its folder; None where there was none. Raises PluginError."""
    removed = plugin_files.remove(profile.plug_ins / FOLDER)
    (profile.plug_ins / DESKTOP).unlink(missing_ok=True)
    kritarc.remove(profile.settings)
    return removed


def installed(profile: KritaProfile) -> Installed | None:
    """Return the plug-in installed in a profile."""
    return plugin_files.installed(profile.plug_ins / FOLDER, "__init__.py")
