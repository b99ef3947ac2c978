"""Inkscape's entry for the table of editors."""

from __future__ import annotations

from nst_onnx.editors.editor import Editor
from nst_onnx.editors.inkscape import doctor, install, profiles
from nst_onnx.editors.inkscape.profiles import InkscapeProfile

INKSCAPE = Editor[InkscapeProfile](
    title="Inkscape",
    signs=profiles.SIGNS,
    none_found=doctor.NONE_FOUND,
    next_step="Restart Inkscape if it is running; the menu is Extensions ▸ Images ▸ Neural Style…",
    profiles=profiles.profiles,
    given=profiles.given,
    install=install.install,
    uninstall=install.uninstall,
    installed=install.installed,
    examine=doctor.examine,
)
