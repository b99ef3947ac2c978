"""Krita's profiles and programs, wherever they are packaged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nst_onnx.editors.profile import Packaging, install_line

FLATPAK = "org.kde.krita"
FOLDER = "neural_style"
DESKTOP = f"{FOLDER}.desktop"
SWITCH = f"enable_{FOLDER}"
"""The setting in the section [python] that switches the plug-in on."""
SIGNS = ("resourcecache.sqlite", "bundles", "paintoppresets", "pykrita")
"""What Krita makes in its resources."""
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")


@dataclass(frozen=True)
class KritaProfile:
    """`folder`: Krita's resources; `settings`: its kritarc; how that Krita was packaged.

    Krita keeps one profile for all of its versions.
    """

    folder: Path
    settings: Path
    packaging: Packaging

    @property
    def plug_ins(self) -> Path:
        """The folder that holds plug-ins: of each a .desktop file and a package."""
        return self.folder / "pykrita"

    @property
    def install_line(self) -> str:
        """What a person runs to have the plug-in installed in it."""
        return install_line("krita", self.folder, self.packaging)


def profiles() -> list[KritaProfile]:
    """Return the profiles of every Krita that was found, best last; one that Krita has yet to make, too."""
    found = [known for known in _places() if known.folder.is_dir() or known.settings.is_file()]
    native = next(_places())
    if native not in found and any(True for _ in programs()):
        found.insert(0, native)
    return found[::-1]


def given(folder: Path) -> KritaProfile:
    """Return the profile with these resources; its settings are where they are for this user."""
    resources = folder.parent if folder.name == "pykrita" else folder
    known = [place for place in _places() if place.folder == resources]
    return known[0] if known else KritaProfile(resources, next(_places()).settings, "given")


def _places() -> Iterator[KritaProfile]:
    """Find where profiles may be, the native one first."""
    home = Path.home()
    if sys.platform == "win32":
        roaming = Path(os.environ.get("APPDATA", home / "AppData/Roaming"))
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local"))
        yield KritaProfile(roaming / "krita", local / "kritarc", "native")
    elif sys.platform == "darwin":
        library = home / "Library"
        yield KritaProfile(library / "Application Support/krita", library / "Preferences/kritarc", "native")
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
        config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        yield KritaProfile(data / "krita", config / "kritarc", "native")
        flatpak = home / ".var/app" / FLATPAK
        yield KritaProfile(flatpak / "data/krita", flatpak / "config/kritarc", "flatpak")
        snap = home / "snap/krita/current"
        yield KritaProfile(snap / ".local/share/krita", snap / ".config/kritarc", "snap")


def programs() -> Iterator[str]:
    """Find the programs that start a Krita."""
    places: list[str | None] = [None]
    if sys.platform == "darwin":
        places.append("/Applications/krita.app/Contents/MacOS")
    if sys.platform == "win32" and os.environ.get("PROGRAMFILES"):
        places.append(str(Path(os.environ["PROGRAMFILES"], "Krita (x64)", "bin")))
    for place in places:
        program = shutil.which("krita", path=place)
        if program:
            yield program
            return


def version_of(program: str) -> str | None:
    """Return the version of a Krita, "5.2.9"; None where it does not tell, as it does on no screen at all."""
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(told)
    return found.group() if found else None
