"""Discovery of Inkscape's profiles and programs, native and packaged."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from nst_onnx.editors import programs as editor_programs
from nst_onnx.editors.profile import SharedProfile, existing

FLATPAK = "org.inkscape.Inkscape"
FOLDER = "neural_style"
MAIN_FILE = f"{FOLDER}.inx"
SIGNS = ("preferences.xml", "extensions", "keys", "templates")
"""Files and folders that Inkscape creates in a profile."""


class InkscapeProfile(SharedProfile):
    """An Inkscape profile."""

    editor = "inkscape"
    plug_ins = "extensions"
    plug_in_name = FOLDER


def profiles() -> list[InkscapeProfile]:
    """Return the profiles of every Inkscape, the preferred one last."""
    return existing(
        list(_candidates()), lambda known: any((known.folder / sign).exists() for sign in SIGNS), programs()
    )


def given(folder: Path) -> InkscapeProfile:
    """Return the profile with this folder, also by its folder of extensions."""
    return InkscapeProfile.given(folder, _candidates())


def _candidates() -> Iterator[InkscapeProfile]:
    """Yield the profiles that may exist on this system, the native one first."""
    home = Path.home()
    chosen = os.environ.get("INKSCAPE_PROFILE_DIR")
    if chosen:
        yield InkscapeProfile(Path(chosen), "native")
    if sys.platform == "win32":
        roaming = Path(os.environ.get("APPDATA", home / "AppData/Roaming"))
        yield InkscapeProfile(roaming / "inkscape", "native")
    elif sys.platform == "darwin":
        support = home / "Library/Application Support/org.inkscape.Inkscape"
        yield InkscapeProfile(support / "config/inkscape", "native")
    else:
        config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        yield InkscapeProfile(config / "inkscape", "native")
        yield InkscapeProfile(home / ".var/app" / FLATPAK / "config/inkscape", "flatpak")
        yield InkscapeProfile(home / "snap/inkscape/current/.config/inkscape", "snap")


def programs() -> Iterator[str]:
    """Yield the program that starts Inkscape, if there is one."""
    return editor_programs.find("inkscape", mac="Inkscape", windows="Inkscape")


def version_of(program: str) -> str | None:
    """Return the version of an Inkscape, "1.4"; None where it does not start."""
    return editor_programs.printed_version([[program, "--version"]])
