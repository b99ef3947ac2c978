"""Checks of the plug-in in Krita: every known cause of a missing menu entry, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nst_onnx.editors.checks import check_files, check_program, check_sandbox
from nst_onnx.editors.krita import install as krita_install
from nst_onnx.editors.krita import kritarc
from nst_onnx.editors.krita import profiles as krita_profiles
from nst_onnx.editors.krita.profiles import KritaProfile
from nst_onnx.support.diagnostics import Finding

NONE_FOUND = (
    "no Krita was found on this computer",
    "install Krita 5 and start it once, or say where its resources are with --dir",
)
OLDEST = (5, 0)


def examine(profiles: Sequence[KritaProfile]) -> Iterator[Finding]:
    """Check Krita itself, and the plug-in in each of `profiles`."""
    for program in krita_profiles.programs():
        version = krita_profiles.version_of(program)
        yield check_program(
            "krita",
            program,
            version,
            OLDEST,
            "install Krita 5 or later",
            "prints its version only where there is a screen",
        )
    if not profiles:
        yield Finding("krita", "broken", "; ".join(NONE_FOUND))
    for profile in profiles:
        yield from _check_location(profile)
        if krita_install.installed(profile):
            yield from _check_installed(profile)


def _check_location(profile: KritaProfile) -> Iterator[Finding]:
    """Check that the package and its .desktop file are where Krita searches."""
    plug_ins, line = profile.plug_ins, profile.install_line
    desktop, found = plug_ins / krita_profiles.DESKTOP, krita_install.installed(profile)
    wrong = sorted(plug_ins.glob(f"*/{krita_profiles.DESKTOP}")) + sorted(
        profile.folder.glob(krita_profiles.DESKTOP)
    )
    for file in wrong:
        text = f"{file} is in the wrong folder: Krita only reads {desktop}; remove it, then run: {line}"
        yield Finding("folder", "broken", text)
    if found and not desktop.is_file():
        yield Finding(
            "folder",
            "broken",
            f"{desktop} is missing, so Krita skips the plug-in; run: {line}",
        )
    if not found and not wrong:
        yield Finding("plug-in", "missing", f"not installed in {plug_ins}; run: {line}")


def _check_installed(profile: KritaProfile) -> Iterator[Finding]:
    """Check an installed plug-in: the setting that loads it, files, version, engine, sandbox."""
    folder, line = profile.plug_ins / krita_profiles.FOLDER, profile.install_line
    yield Finding("plug-in", "good", str(folder))
    if kritarc.enabled(profile.settings):
        yield Finding("switch", "good", f"on in {profile.settings}")
    else:
        text = (
            f"{profile.settings} does not enable it; switch it on in "
            f"Settings ▸ Configure Krita ▸ Python Plugin Manager ▸ Neural Style, or run: {line}"
        )
        yield Finding("switch", "broken", text)
    yield from check_files(folder, line)
    yield from check_sandbox("Krita", profile.packaging, krita_profiles.FLATPAK, folder)
