"""Discovery of Krita's profiles and programs, native and packaged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nst_onnx.editors.profile import Packaging, install_line

FLATPAK = "org.kde.krita"
FOLDER = "neural_style"
DESKTOP = f"{FOLDER}.desktop"
SETTING = f"enable_{FOLDER}"
"""The setting in kritarc's section [python] that enables the plug-in."""
SIGNS = ("resourcecache.sqlite", "bundles", "paintoppresets", "pykrita")
"""Files and folders that Krita creates in its resource folder."""
_RESOURCES = re.compile(r"^ResourceDirectory(?:\[\$e\])?[ \t]*=(.*)$", re.MULTILINE)
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")


@dataclass(frozen=True)
class KritaProfile:
    """A Krita profile: its resource `folder`, its `settings` (kritarc), and how Krita was packaged.

    `elsewhere`: where the resources would be, had the user not moved them.
    """

    folder: Path
    settings: Path
    packaging: Packaging
    elsewhere: tuple[Path, ...] = ()

    @property
    def version(self) -> str:
        """No version: Krita uses one profile for all of its versions."""
        return "-"

    @property
    def plug_ins(self) -> Path:
        """The folder of plug-ins: of each a .desktop file and a package."""
        return self.folder / "pykrita"

    @property
    def install_line(self) -> str:
        """The command line that installs the plug-in in this profile."""
        return install_line("krita", self.folder, self.packaging)


def profiles() -> list[KritaProfile]:
    """Return the profiles of every Krita, the preferred one last.

    Where a native Krita is installed but was never started, its future profile is included.
    """
    found = [known for known in _candidates() if known.folder.is_dir() or known.settings.is_file()]
    native = next(_candidates())
    if native not in found and any(True for _ in programs()):
        found.insert(0, native)
    return found[::-1]


def given(folder: Path) -> KritaProfile:
    """Return the profile with this resource folder and this user's kritarc."""
    resources = folder.parent if folder.name == "pykrita" else folder
    known = [profile for profile in _candidates() if resources in (profile.folder, *profile.elsewhere)]
    return known[0] if known else KritaProfile(resources, next(_candidates()).settings, "given")


def _candidates() -> Iterator[KritaProfile]:
    """Yield the profiles that may exist on this system, the native one first; with their resources moved."""
    for profile in _usual():
        folder = resource_directory(profile.settings)
        yield profile if folder is None else replace(profile, folder=folder, elsewhere=(profile.folder,))


def resource_directory(settings: Path) -> Path | None:
    """Return the folder that the user has moved Krita's resources to, as kritarc says; None if none.

    The setting stands above the first section, or in [General]; spaces may be escaped, as in all KDE's files.
    """
    try:
        text = settings.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    for section in re.split(r"^(?=\[)", text, flags=re.MULTILINE):
        if section.startswith("[") and not section.startswith("[General]"):
            continue
        found = _RESOURCES.search(section)
        if found and (value := found.group(1).replace("\\s", " ").replace("\\\\", "\\").strip()):
            home = str(Path.home())
            return Path(
                value.replace("$HOME", home) if found.group().startswith("ResourceDirectory[") else value
            )
    return None


def _usual() -> Iterator[KritaProfile]:
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
    """Yield the program that starts Krita, if there is one."""
    paths: list[str | None] = [None]  # None: PATH
    if sys.platform == "darwin":
        paths.append("/Applications/krita.app/Contents/MacOS")
    if sys.platform == "win32" and os.environ.get("PROGRAMFILES"):
        paths.append(str(Path(os.environ["PROGRAMFILES"], "Krita (x64)", "bin")))
    for path in paths:
        program = shutil.which("krita", path=path)
        if program:
            yield program
            return


def version_of(program: str) -> str | None:
    """Return the version of a Krita, "5.2.9"; None where it prints none.

    Without a screen Krita does not start. Its companion krita_version, which not every package has, does.
    """
    companion = shutil.which("krita_version", path=str(Path(program).parent))
    for line in ([program, "--version"], [companion] if companion else []):
        try:
            printed = subprocess.run(line, capture_output=True, text=True, timeout=60).stdout if line else ""
        except (OSError, subprocess.TimeoutExpired):
            continue
        found = _VERSION.search(printed)
        if found:
            return found.group()
    return None
