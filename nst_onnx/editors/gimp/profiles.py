"""Discovery of GIMP's profiles and programs, native and packaged."""

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

FLATPAK = "org.gimp.GIMP"
PROCEDURE = "plug-in-nst-onnx-neural-style"
FOLDER = "neural_style"
MAIN_FILE = f"{FOLDER}.py"
SIGNS = ("gimprc", "sessionrc", "pluginrc", "plug-ins")
"""Files and folders that GIMP creates in a profile."""
_VERSION = re.compile(r"\d+\.\d+")
_QUESTION = f"print('NST-ONNX', Gimp.get_pdb().lookup_procedure('{PROCEDURE}') is not None)"
_TIMEOUT = 180  # seconds; at its first start GIMP queries all of its plug-ins


@dataclass(frozen=True)
class GimpProfile:
    """A GIMP profile: its `folder`, the `version` of GIMP that uses it ("3.0"), and how GIMP was packaged."""

    folder: Path
    version: str
    packaging: Packaging

    @property
    def plug_ins(self) -> Path:
        """The folder of plug-ins, each in a folder of its own."""
        return self.folder / "plug-ins"

    @property
    def install_line(self) -> str:
        """The command line that installs the plug-in in this profile."""
        return install_line("gimp", self.folder, self.packaging)

    @property
    def order(self) -> tuple[bool, tuple[int, ...]]:
        """Sort key: native profiles last, then by version."""
        return self.packaging == "native", tuple(map(int, re.findall(r"\d+", self.version)))


def profiles() -> list[GimpProfile]:
    """Return the profiles of every GIMP 3, the preferred one last.

    Where a native GIMP 3 is installed but was never started, its future profile is included.
    """
    found = [profile for profile in all_profiles() if is_new_enough(profile.version)]
    if not any(profile.packaging == "native" for profile in found):
        version = next((known for program in programs() if (known := version_of(program))), "")
        if is_new_enough(version):
            packaging, home = next(_homes())
            found.append(GimpProfile(home / version, version, packaging))
    return sorted(found, key=lambda profile: profile.order)


def given(folder: Path) -> GimpProfile:
    """Return the profile in a folder that the user names, also by its plug-ins folder."""
    profile = folder.parent if folder.name == "plug-ins" else folder
    known = [found for found in all_profiles() if found.folder == profile]
    return known[0] if known else GimpProfile(profile, profile.name, "given")


def is_new_enough(version: str) -> bool:
    """Return whether the plug-in runs in this GIMP."""
    return version.startswith("3.")


def all_profiles() -> Iterator[GimpProfile]:
    """Yield the profiles of every GIMP, including older versions."""
    seen = set()
    given = os.environ.get("GIMP3_DIRECTORY")
    if given and _VERSION.fullmatch(Path(given).name):
        seen.add(Path(given).resolve())
        yield GimpProfile(Path(given), Path(given).name, "native")
    for packaging, home in _homes():
        for folder in sorted(home.glob("*.*")):
            if _VERSION.fullmatch(folder.name) and folder.resolve() not in seen and folder.is_dir():
                seen.add(folder.resolve())  # a Flatpak with access links its folder to the native one
                yield GimpProfile(folder, folder.name, packaging)


def _homes() -> Iterator[tuple[Packaging, Path]]:
    """Yield the folders that contain profiles, the native one first."""
    home = Path.home()
    if sys.platform == "win32":
        yield "native", Path(os.environ.get("APPDATA", home / "AppData/Roaming")) / "GIMP"
    elif sys.platform == "darwin":
        yield "native", home / "Library/Application Support/GIMP"
    else:
        yield "native", Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "GIMP"
        yield "flatpak", home / ".var/app" / FLATPAK / "config/GIMP"
        yield "snap", home / "snap/gimp/current/.config/GIMP"


def programs() -> Iterator[list[str]]:
    """Yield the commands that start GIMP 3 without a window."""
    names = ("gimp-console-3.2", "gimp-console-3.0", "gimp-console-3", "gimp-console")
    paths: list[str | None] = [None]  # None: PATH
    if sys.platform == "darwin":
        paths.append("/Applications/GIMP.app/Contents/MacOS")
    if sys.platform == "win32":
        for variable in ("ProgramFiles", "LOCALAPPDATA"):
            root = os.environ.get(variable)
            paths += [str(Path(root, *between, "GIMP 3", "bin")) for between in ((), ("Programs",)) if root]
    seen = set()
    for path in paths:
        for name in names:
            program = shutil.which(name, path=path)
            if program and (real := str(Path(program).resolve())) not in seen:
                seen.add(real)
                yield [program]


def version_of(program: list[str]) -> str | None:
    """Return the version of a GIMP, "3.0", or None for a program that does not start."""
    try:
        printed = subprocess.run([*program, "--version"], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(printed)
    return found.group() if found else None


def lists_procedure(program: list[str], profile: Path) -> bool | None:
    """Start GIMP with `profile`; return whether its PDB has the procedure, None where it does not answer."""
    line = [*program, "-idf", "--batch-interpreter=python-fu-eval", "-b", _QUESTION, "--quit"]
    environment = {**os.environ, "GIMP3_DIRECTORY": str(profile)}
    try:
        done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return None
    answer = re.search(r"NST-ONNX (True|False)", done.stdout)
    return None if answer is None else answer.group(1) == "True"
