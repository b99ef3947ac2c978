"""Checks of the plug-in in GIMP: every known cause of a missing menu entry, each with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from nst_onnx.editors.checks import check_files, check_sandbox
from nst_onnx.editors.gimp import install as gimp_install
from nst_onnx.editors.gimp import profiles as gimp_profiles
from nst_onnx.editors.gimp.profiles import GimpProfile
from nst_onnx.support.diagnostics import Finding

NONE_FOUND = (
    "no GIMP 3 was found on this computer",
    "install GIMP 3 and start it once, or say where its profile is with --dir",
)


def examine(profiles: Sequence[GimpProfile]) -> Iterator[Finding]:
    """Check GIMP itself, and the plug-in in each of `profiles`."""
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
        yield from _check_location(profile)
        if gimp_install.installed(profile):
            yield from _check_installed(profile)


def _check_location(profile: GimpProfile) -> Iterator[Finding]:
    """Check that the plug-in is where GIMP searches: in a folder of the same name as its main file."""
    plug_ins, line = profile.plug_ins, profile.install_line
    expected = plug_ins / gimp_profiles.FOLDER / gimp_profiles.MAIN_FILE
    found = [
        file for depth in range(4) for file in sorted(plug_ins.glob("*/" * depth + gimp_profiles.MAIN_FILE))
    ]
    found += sorted((profile.folder / "scripts").rglob(gimp_profiles.MAIN_FILE))
    for file in found:
        if file != expected:
            text = f"{file} is in the wrong folder: GIMP only reads {expected}; remove it, then run: {line}"
            yield Finding("folder", "broken", text)
    if not found:
        yield Finding("plug-in", "missing", f"not installed in {plug_ins}; run: {line}")
    searched = _search_path(profile.folder / "gimprc")
    if searched and "plug-ins" in searched and not _covers(searched, plug_ins):
        yield Finding(
            "folder",
            "broken",
            f"this GIMP looks for plug-ins in {searched} only; "
            f"add {plug_ins} in Edit ▸ Preferences ▸ Folders ▸ Plug-ins",
        )


def _search_path(gimprc: Path) -> str | None:
    """Return the plug-in search path set in the preferences; None for GIMP's own."""
    try:
        found = re.search(r'^\(plug-in-path\s+"([^"]*)"', gimprc.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return found.group(1) if found else None


def _covers(searched: str, folder: Path) -> bool:
    return "${gimp_dir}/plug-ins" in searched.replace("\\\\", "/") or str(folder) in searched


def _check_installed(profile: GimpProfile) -> Iterator[Finding]:
    """Check an installed plug-in: executable bit, files, version, engine, sandbox, GIMP's procedure list."""
    folder = profile.plug_ins / gimp_profiles.FOLDER
    yield Finding("plug-in", "good", str(folder))
    executable = gimp_install.executable(folder)
    if executable:
        yield Finding("executable", "good", "set")
    else:
        main_file = folder / gimp_profiles.MAIN_FILE
        text = f"{main_file} may not be run, so GIMP passes over it; run: {profile.install_line}"
        yield Finding("executable", "broken", text)
    yield from check_files(folder, profile.install_line)
    yield from check_sandbox("GIMP", profile.packaging, gimp_profiles.FLATPAK, folder)
    if executable and profile.packaging in ("native", "given"):
        yield from _check_procedure(profile)


def _check_procedure(profile: GimpProfile) -> Iterator[Finding]:
    """Query each GIMP of the profile's version for the procedure."""
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
