"""Copying the plug-in into Krita's profile, and taking it out again."""

from __future__ import annotations

import shutil
from pathlib import Path

from nst_onnx.editors import source
from nst_onnx.editors.errors import PluginError
from nst_onnx.editors.krita import kritarc
from nst_onnx.editors.krita.profiles import DESKTOP, FOLDER, KritaProfile
from nst_onnx.editors.plugin_files import Installed, place, remove, version_in
from nst_onnx.support.library_errors import system_reason


def install(profile: KritaProfile) -> Path:
    """Install the plug-in, switch it on, and return where it is. Raises PluginError."""
    target = place(profile.plug_ins / FOLDER, "krita", profile.install_line)
    try:
        shutil.copyfile(source.folder() / "krita" / DESKTOP, profile.plug_ins / DESKTOP)
    except OSError as error:
        reason = system_reason(error)
        raise PluginError(f"cannot install into {profile.plug_ins}: {reason}") from None
    kritarc.enable(profile.settings)
    return target


def uninstall(profile: KritaProfile) -> Path | None:
    """Remove the plug-in; return what was removed. Raises PluginError."""
    removed = remove(profile.plug_ins / FOLDER)
    (profile.plug_ins / DESKTOP).unlink(missing_ok=True)
    kritarc.forget(profile.settings)
    return removed


def installed(profile: KritaProfile) -> Installed | None:
    """Return what is installed in a profile."""
    target = profile.plug_ins / FOLDER
    return Installed(target, version_in(target)) if (target / "__init__.py").is_file() else None
