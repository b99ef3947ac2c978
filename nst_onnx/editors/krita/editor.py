"""Krita's entry for the table of editors."""

from __future__ import annotations

from nst_onnx.editors.editor import Editor
from nst_onnx.editors.krita import doctor, install, profiles
from nst_onnx.editors.krita.profiles import KritaProfile

KRITA = Editor[KritaProfile](
    title="Krita",
    signs=profiles.SIGNS,
    none_found=doctor.NONE_FOUND,
    next_step="Restart Krita if it is running; the menu is Tools ▸ Scripts ▸ Neural Style…",
    profiles=profiles.profiles,
    given=profiles.given,
    install=install.install,
    uninstall=install.uninstall,
    installed=install.installed,
    examine=doctor.examine,
)
