"""GIMP's profiles and programs, wherever they are packaged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from nst_onnx.editors.profile import Packaging, Profile

FLATPAK = "org.gimp.GIMP"
PROCEDURE = "plug-in-nst-onnx-neural-style"
FOLDER = "neural_style"
MAIN_FILE = f"{FOLDER}.py"
SIGNS = ("gimprc", "sessionrc", "pluginrc", "plug-ins")
"""What GIMP makes in a profile."""
_VERSION = re.compile(r"\d+\.\d+")
_QUESTION = f"print('NST-ONNX', Gimp.get_pdb().lookup_procedure('{PROCEDURE}') is not None)"
_PATIENCE = 180  # seconds; a GIMP that was never started before asks all of its plug-ins first


def profiles() -> list[Profile]:
    """Return the profiles of every GIMP 3 that was found, best last; one that GIMP has yet to make, too."""
    found = [profile for profile in all_profiles() if is_new_enough(profile.version)]
    if not any(profile.packaging == "native" for profile in found):
        version = next((known for program in programs() if (known := version_of(program))), "")
        if is_new_enough(version):
            packaging, home = next(_homes())
            found.append(Profile(home / version, version, packaging))
    return sorted(found, key=lambda profile: profile.order)


def given(folder: Path) -> Profile:
    """Return the profile that a person names, also by its plug-ins folder."""
    profile = folder.parent if folder.name == "plug-ins" else folder
    known = [found for found in all_profiles() if found.folder == profile]
    return known[0] if known else Profile(profile, profile.name, "given")


def is_new_enough(version: str) -> bool:
    """Return whether the plug-in runs in this GIMP."""
    return version.startswith("3.")


def all_profiles() -> Iterator[Profile]:
    """Find the profiles of every GIMP, older ones as well."""
    seen = set()
    given = os.environ.get("GIMP3_DIRECTORY")
    if given and _VERSION.fullmatch(Path(given).name):
        seen.add(Path(given).resolve())
        yield Profile(Path(given), Path(given).name, "native")
    for packaging, home in _homes():
        for folder in sorted(home.glob("*.*")):
            if _VERSION.fullmatch(folder.name) and folder.resolve() not in seen and folder.is_dir():
                seen.add(folder.resolve())  # Flatpak links its folder to the native one, if it may
                yield Profile(folder, folder.name, packaging)


def _homes() -> Iterator[tuple[Packaging, Path]]:
    """Find the folders that hold profiles, the native one first."""
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
    """Find the commands that start a GIMP 3 without a window."""
    names = ("gimp-console-3.2", "gimp-console-3.0", "gimp-console-3", "gimp-console")
    places: list[str | None] = [None]
    if sys.platform == "darwin":
        places.append("/Applications/GIMP.app/Contents/MacOS")
    if sys.platform == "win32":
        for variable in ("ProgramFiles", "LOCALAPPDATA"):
            root = os.environ.get(variable)
            places += [str(Path(root, *between, "GIMP 3", "bin")) for between in ((), ("Programs",)) if root]
    seen = set()
    for place in places:
        for name in names:
            program = shutil.which(name, path=place)
            if program and (real := str(Path(program).resolve())) not in seen:
                seen.add(real)
                yield [program]


def version_of(program: list[str]) -> str | None:
    """Return the version of a GIMP, "3.0", or None for a program that does not start."""
    try:
        told = subprocess.run([*program, "--version"], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(told)
    return found.group() if found else None


def lists_procedure(program: list[str], profile: Path) -> bool | None:
    """Ask a GIMP that uses `profile` whether it knows the procedure; None where it gave no answer."""
    line = [*program, "-idf", "--batch-interpreter=python-fu-eval", "-b", _QUESTION, "--quit"]
    environment = {**os.environ, "GIMP3_DIRECTORY": str(profile)}
    try:
        done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return None
    answer = re.search(r"NST-ONNX (True|False)", done.stdout)
    return None if answer is None else answer.group(1) == "True"
