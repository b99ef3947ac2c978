"""Why Neural Style is not in GIMP's menu: every known cause, looked for, with its cure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from nst_onnx.editors.checks import files_of, sandbox
from nst_onnx.editors.gimp import install as gimp_install
from nst_onnx.editors.gimp import profiles as gimp_profiles
from nst_onnx.editors.profile import Profile
from nst_onnx.support.diagnostics import Finding

NONE_FOUND = (
    "no GIMP 3 was found on this computer",
    "install GIMP 3 and start it once, or say where its profile is with --dir",
)


def examine(profiles: Sequence[Profile]) -> Iterator[Finding]:
    """Look at GIMP, and at the plug-in in every one of `profiles`."""
    for program in gimp_profiles.programs():
        version = gimp_profiles.version_of(program)
        if version is None:
            yield Finding("gimp", "warning", f"{program[0]} does not start")
        elif gimp_profiles.is_new_enough(version):
            yield Finding("gimp", "good", f"{version} ({program[0]})")
        else:
            yield Finding("gimp", "warning", f"{version} ({program[0]}) is too old; the plug-in needs GIMP 3")
    if not profiles:
        old = [profile.folder for profile in gimp_profiles.all_profiles()]
        found = f"only an older GIMP was used here ({old[0]})" if old else NONE_FOUND[0]
        yield Finding("gimp", "broken", f"{found}; {NONE_FOUND[1]}")
    for profile in profiles:
        yield from _placed(profile)
        if gimp_install.installed(profile):
            yield from _installed(profile)


def _placed(profile: Profile) -> Iterator[Finding]:
    """Look whether the plug-in is where GIMP looks: in a folder of its own, of its own name."""
    place, again = profile.plug_ins, profile.install_line
    right = place / gimp_profiles.FOLDER / gimp_profiles.MAIN_FILE
    found = [
        file for depth in range(4) for file in sorted(place.glob("*/" * depth + gimp_profiles.MAIN_FILE))
    ]
    found += sorted((profile.folder / "scripts").rglob(gimp_profiles.MAIN_FILE))
    for file in found:
        if file != right:
            text = f"{file} is in the wrong folder: GIMP only looks at {right}; remove it, then run: {again}"
            yield Finding("folder", "broken", text)
    if not found:
        yield Finding("plug-in", "missing", f"not installed in {place}; run: {again}")
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
    """Look at an installed plug-in: run bit, files, version, engine, sandbox, and what GIMP itself says."""
    folder = profile.plug_ins / gimp_profiles.FOLDER
    yield Finding("plug-in", "good", str(folder))
    runnable = gimp_install.runnable(folder)
    if runnable:
        yield Finding("run bit", "good", "set")
    else:
        main_file = folder / gimp_profiles.MAIN_FILE
        text = f"{main_file} may not be run, so GIMP passes over it; run: {profile.install_line}"
        yield Finding("run bit", "broken", text)
    yield from files_of(folder, profile.install_line)
    yield from sandbox("GIMP", profile.packaging, gimp_profiles.FLATPAK)
    if runnable and profile.packaging in ("native", "given"):
        yield from _asked(profile)


def _asked(profile: Profile) -> Iterator[Finding]:
    """Ask each GIMP of this version whether it lists the procedure."""
    for program in gimp_profiles.programs():
        if gimp_profiles.version_of(program) != profile.version and profile.packaging != "given":
            continue
        listed = gimp_profiles.lists_procedure(program, profile.folder)
        if listed:
            yield Finding("menu", "good", f"{program[0]} lists {gimp_profiles.PROCEDURE}")
        elif listed is None:
            yield Finding("menu", "warning", f"{program[0]} gave no answer; look in Filters ▸ Artistic")
        else:
            yield Finding(
                "menu",
                "broken",
                f"{program[0]} does not list {gimp_profiles.PROCEDURE}; start it in a terminal, it says why",
            )
