"""Why Neural Style is not in Krita: every known cause, looked for, with its cure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nst_onnx.editors.checks import files_of, sandbox
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
    """Look at Krita, and at the plug-in in every one of `profiles`."""
    for program in krita_profiles.programs():
        version = krita_profiles.version_of(program)
        if version is None:
            yield Finding("krita", "warning", f"{program} tells its version only where there is a screen")
        elif tuple(map(int, version.split(".")[:2])) < OLDEST:
            yield Finding("krita", "broken", f"{version} ({program}) is too old; install Krita 5 or later")
        else:
            yield Finding("krita", "good", f"{version} ({program})")
    if not profiles:
        yield Finding("krita", "broken", "; ".join(NONE_FOUND))
    for profile in profiles:
        yield from _placed(profile)
        if krita_install.installed(profile):
            yield from _installed(profile)


def _placed(profile: KritaProfile) -> Iterator[Finding]:
    """Look whether both of its parts are where Krita looks."""
    place, again = profile.plug_ins, profile.install_line
    desktop, found = place / krita_profiles.DESKTOP, krita_install.installed(profile)
    wrong = sorted(place.glob(f"*/{krita_profiles.DESKTOP}")) + sorted(
        profile.folder.glob(krita_profiles.DESKTOP)
    )
    for file in wrong:
        text = f"{file} is in the wrong folder: Krita only looks at {desktop}; remove it, then run: {again}"
        yield Finding("folder", "broken", text)
    if found and not desktop.is_file():
        yield Finding(
            "folder",
            "broken",
            f"{desktop} is missing, so Krita passes over the plug-in; run: {again}",
        )
    if not found and not wrong:
        yield Finding("plug-in", "missing", f"not installed in {place}; run: {again}")


def _installed(profile: KritaProfile) -> Iterator[Finding]:
    """Look at an installed plug-in: switch, files, version, engine, sandbox."""
    folder, again = profile.plug_ins / krita_profiles.FOLDER, profile.install_line
    yield Finding("plug-in", "good", str(folder))
    if kritarc.enabled(profile.settings):
        yield Finding("switch", "good", f"on in {profile.settings}")
    else:
        text = (
            f"Krita is not told to load it in {profile.settings}; switch it on in "
            f"Settings ▸ Configure Krita ▸ Python Plugin Manager ▸ Neural Style, or run: {again}"
        )
        yield Finding("switch", "broken", text)
    yield from files_of(folder, again)
    yield from sandbox("Krita", profile.packaging, krita_profiles.FLATPAK)
