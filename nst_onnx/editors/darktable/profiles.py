"""Discovery of darktable's profiles and programs, native and packaged."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from nst_onnx.editors import programs as editor_programs
from nst_onnx.editors.profile import SharedProfile, existing

FLATPAK = "org.darktable.Darktable"
FOLDER = "neural_style"
MAIN_FILE = f"{FOLDER}.lua"
SIGNS = ("darktablerc", "library.db", "luarc", "lua")
"""Files and folders that darktable creates or reads in a profile."""


class DarktableProfile(SharedProfile):
    """A darktable profile: its configuration folder."""

    editor = "darktable"
    plug_ins = "lua"
    plug_in_name = FOLDER

    @property
    def luarc(self) -> Path:
        """The script that darktable runs when it starts."""
        return self.folder / "luarc"


def profiles() -> list[DarktableProfile]:
    """Return the profiles of every darktable, the preferred one last."""
    return existing(
        list(_candidates()), lambda known: any((known.folder / sign).exists() for sign in SIGNS), programs()
    )


def given(folder: Path) -> DarktableProfile:
    """Return the profile with this configuration folder, also by its folder of Lua scripts."""
    return DarktableProfile.given(folder, _candidates())


def _candidates() -> Iterator[DarktableProfile]:
    """Yield the profiles that may exist on this system, the native one first."""
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local"))
        yield DarktableProfile(local / "darktable", "native")
    elif sys.platform == "darwin":
        yield DarktableProfile(home / ".config/darktable", "native")
    else:
        config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        yield DarktableProfile(config / "darktable", "native")
        yield DarktableProfile(home / ".var/app" / FLATPAK / "config/darktable", "flatpak")
        yield DarktableProfile(home / "snap/darktable/current", "snap")


def programs() -> Iterator[str]:
    """Yield the program that starts darktable without a window, if there is one."""
    return editor_programs.find("darktable-cli", mac="darktable", windows="darktable")


def version_of(program: str) -> str | None:
    """Return the version of a darktable, "5.0.1"; None where it does not start."""
    return editor_programs.printed_version([[program, "--version"]])
