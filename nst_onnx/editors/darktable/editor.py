"""darktable's entry for the table of editors."""

from __future__ import annotations

from nst_onnx.editors.darktable import doctor, install, profiles
from nst_onnx.editors.darktable.profiles import DarktableProfile
from nst_onnx.editors.editor import Editor

DARKTABLE = Editor[DarktableProfile](
    title="darktable",
    signs=profiles.SIGNS,
    none_found=doctor.NONE_FOUND,
    next_step="Restart darktable if it is running; the target of the export module is neural style",
    profiles=profiles.profiles,
    given=profiles.given,
    install=install.install,
    uninstall=install.uninstall,
    installed=install.installed,
    examine=doctor.examine,
)
