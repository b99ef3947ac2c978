"""Why the menu entry is missing: every known cause, looked for, with its cure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from nst_onnx.finding import Finding
from nst_onnx.plugins import gimp, install
from nst_onnx.plugins.causes import engine_of, sandbox
from nst_onnx.plugins.profile import Profile

MAIN_FILE = f"{gimp.FOLDER}.py"


def examine(folders: list[Profile]) -> Iterator[Finding]:
    """Look at GIMP, and at the plug-in in every one of `folders`."""
    yield from _editors(folders)
    for profile in folders:
        yield from _placed(profile)
        if install.installed(profile.plug_ins):
            yield from _installed(profile)


def _editors(folders: list[Profile]) -> Iterator[Finding]:
    """Look which GIMPs there are, and that one of them is GIMP 3."""
    programs = [(program[0], gimp.version_of(program)) for program in gimp.programs()]
    for program, version in programs:
        if version is None:
            yield Finding("gimp", "warning", f"{program} does not start")
        elif version.startswith("3."):
            yield Finding("gimp", "good", f"{version} ({program})")
    old = [profile.folder for profile in gimp.all_profiles() if not profile.version.startswith("3.")]
    if old and not folders:
        yield Finding(
            "gimp",
            "broken",
            f"only an older GIMP was used here ({old[0]}); the plug-in needs GIMP 3",
        )
    elif not folders:
        yield Finding("gimp", "broken", "no GIMP 3 was found; install it and start it once, or give --dir")


def _placed(profile: Profile) -> Iterator[Finding]:
    """Look whether the plug-in is where GIMP looks: in a folder of its own, of its own name."""
    place = profile.plug_ins
    wrong = [
        file
        for pattern in (MAIN_FILE, f"*/{MAIN_FILE}", f"*/*/{MAIN_FILE}", f"*/*/*/{MAIN_FILE}")
        for file in sorted(place.glob(pattern))
        if file.parent != place / gimp.FOLDER
    ]
    wrong += sorted((profile.folder / "scripts").rglob(MAIN_FILE))
    for file in wrong:
        yield Finding(
            "folder",
            "broken",
            f"{file} is in the wrong folder: GIMP only looks at {place / gimp.FOLDER / MAIN_FILE}; "
            "remove it, then run: nst-onnx plugin install gimp",
        )
    if not wrong and not install.installed(place):
        yield Finding("plug-in", "missing", f"not installed in {place}; run: nst-onnx plugin install gimp")
    searched = _searched(profile.folder / "gimprc")
    if searched and "plug-ins" in searched and not _covers(searched, place):
        yield Finding(
            "folder",
            "broken",
            f"this GIMP looks for plug-ins in {searched} only; "
            f"add {place} in Edit ▸ Preferences ▸ Folders ▸ Plug-ins",
        )


def _searched(gimprc: Path) -> str | None:
    """Return the folders that a person has set in the preferences."""
    try:
        found = re.search(r'^\(plug-in-path\s+"([^"]*)"', gimprc.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return found.group(1) if found else None


def _covers(searched: str, place: Path) -> bool:
    return "${gimp_dir}/plug-ins" in searched.replace("\\\\", "/") or str(place) in searched


def _installed(profile: Profile) -> Iterator[Finding]:
    """Look at an installed plug-in: run bit, version, engine, sandbox, and what GIMP itself says."""
    folder = profile.plug_ins / gimp.FOLDER
    again = "run: nst-onnx plugin install gimp"
    file = folder / MAIN_FILE
    yield Finding("plug-in", "good", str(folder))
    if install.runnable(file):
        yield Finding("run bit", "good", "set")
    else:
        yield Finding("run bit", "broken", f"{file} may not be run, so GIMP passes over it; {again}")
    if not (folder / "nst_client" / "client.py").is_file():
        yield Finding("files", "broken", f"{folder / 'nst_client'} is missing; {again}")
    found = engine_of(folder, again)
    yield found
    if found.state == "broken":
        return
    if profile.packaging == "flatpak":
        yield sandbox("GIMP", gimp.FLATPAK)
    if profile.packaging == "snap":
        text = "a Snap may not start programs outside of it; use GIMP from your distribution or from Flathub"
        yield Finding("sandbox", "warning", text)
    if profile.packaging in ("native", "given"):
        yield from _asked(profile)


def _asked(profile: Profile) -> Iterator[Finding]:
    """Ask each GIMP of this version whether it lists the procedure."""
    for program in gimp.programs():
        if gimp.version_of(program) != profile.version and profile.packaging != "given":
            continue
        listed = gimp.lists_procedure(program, profile.folder)
        if listed:
            yield Finding("menu", "good", f"{program[0]} lists {gimp.PROCEDURE}")
        elif listed is None:
            yield Finding("menu", "warning", f"{program[0]} gave no answer; look in Filters ▸ Artistic")
        else:
            yield Finding(
                "menu",
                "broken",
                f"{program[0]} does not list {gimp.PROCEDURE}; start it in a terminal, it says why",
            )
