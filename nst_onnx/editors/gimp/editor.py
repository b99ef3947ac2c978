"""GIMP's entry for the table of editors."""

from __future__ import annotations

from nst_onnx.editors.editor import Editor
from nst_onnx.editors.gimp import doctor, install, profiles
from nst_onnx.editors.gimp.profiles import GimpProfile

GIMP = Editor[GimpProfile](
    title="GIMP",
    signs=profiles.SIGNS,
    none_found=doctor.NONE_FOUND,
    next_step="Restart GIMP if it is running; the menu is Filters ▸ Artistic ▸ Neural Style…",
    profiles=profiles.profiles,
    given=profiles.given,
    install=install.install,
    uninstall=install.uninstall,
    installed=install.installed,
    examine=doctor.examine,
)
