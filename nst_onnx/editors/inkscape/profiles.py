"""Discovery of Inkscape's profiles and programs, native and packaged."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nst_onnx.editors import programs as editor_programs
from nst_onnx.editors.profile import Packaging, existing, install_line

FLATPAK = "org.inkscape.Inkscape"
FOLDER = "neural_style"
MAIN_FILE = f"{FOLDER}.inx"
SIGNS = ("preferences.xml", "extensions", "keys", "templates")
"""Files and folders that Inkscape creates in a profile."""


@dataclass(frozen=True)
class InkscapeProfile:
    """An Inkscape profile: its `folder`, and how Inkscape was packaged."""

    folder: Path
    packaging: Packaging

    @property
    def version(self) -> str:
        """No version: Inkscape uses one profile for all of its versions."""
        return "-"

    @property
    def plug_in(self) -> Path:
        """The folder of the extension, among the user's extensions."""
        return self.folder / "extensions" / FOLDER

    @property
    def install_line(self) -> str:
        """The command line that installs the extension in this profile."""
        return install_line("inkscape", self.folder, self.packaging)


def profiles() -> list[InkscapeProfile]:
    """Return the profiles of every Inkscape, the preferred one last."""
    return existing(
        list(_candidates()), lambda known: any((known.folder / sign).exists() for sign in SIGNS), programs()
    )


def given(folder: Path) -> InkscapeProfile:
    """Return the profile in this folder, also by its folder of extensions."""
    profile = folder.parent if folder.name == "extensions" else folder
    known = [candidate for candidate in _candidates() if candidate.folder == profile]
    return known[0] if known else InkscapeProfile(profile, "given")


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
