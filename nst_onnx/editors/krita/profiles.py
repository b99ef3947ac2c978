"""Discovery of Krita's profiles and programs, native and packaged."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nst_onnx.editors import programs as editor_programs
from nst_onnx.editors.profile import Packaging, existing, install_line

FLATPAK = "org.kde.krita"
FOLDER = "neural_style"
DESKTOP = f"{FOLDER}.desktop"
SETTING = f"enable_{FOLDER}"
"""The setting in kritarc's section [python] that enables the plug-in."""
SIGNS = ("resourcecache.sqlite", "bundles", "paintoppresets", "pykrita")
"""Files and folders that Krita creates in its resource folder."""
_RESOURCES = re.compile(r"^ResourceDirectory(?:\[\$e\])?[ \t]*=(.*)$", re.MULTILINE)


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
    """Return the profiles of every Krita, the preferred one last."""
    return existing(
        list(_candidates()), lambda known: known.folder.is_dir() or known.settings.is_file(), programs()
    )


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
    return editor_programs.find("krita", mac="krita", windows="Krita (x64)")


def version_of(program: str) -> str | None:
    """Return the version of a Krita, "5.2.9"; None where it prints none.

    Without a screen Krita does not start. Its companion krita_version, which not every package has, does.
    """
    companion = shutil.which("krita_version", path=str(Path(program).parent))
    return editor_programs.printed_version([[program, "--version"], *([[companion]] if companion else [])])
