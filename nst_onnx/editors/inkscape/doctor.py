"""Checks of the extension in Inkscape: every known cause of a missing menu entry, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nst_onnx.editors.checks import check_files, check_program, check_sandbox
from nst_onnx.editors.inkscape import install as inkscape_install
from nst_onnx.editors.inkscape import profiles as inkscape_profiles
from nst_onnx.editors.inkscape.profiles import MAIN_FILE, InkscapeProfile
from nst_onnx.support.diagnostics import Finding

NONE_FOUND = (
    "no Inkscape was found on this computer",
    "install Inkscape 1 and start it once, or say where its profile is with --dir",
)
OLDEST = (1, 0)


def examine(profiles: Sequence[InkscapeProfile]) -> Iterator[Finding]:
    """Check Inkscape itself, and the extension in each of `profiles`."""
    for program in inkscape_profiles.programs():
        version = inkscape_profiles.version_of(program)
        yield check_program("inkscape", program, version, OLDEST, "install Inkscape 1")
    if not profiles:
        yield Finding("inkscape", "broken", "; ".join(NONE_FOUND))
    for profile in profiles:
        yield from _check(profile)


def _check(profile: InkscapeProfile) -> Iterator[Finding]:
    """Check an installed extension: its folder, files, engine, sandbox."""
    line, extensions = profile.install_line, profile.plug_in.parent
    for file in sorted(extensions.glob(MAIN_FILE)):
        text = f"{file} is in the wrong folder, without its other files; remove it, then run: {line}"
        yield Finding("folder", "broken", text)
    if inkscape_install.installed(profile) is None:
        yield Finding("plug-in", "missing", f"not installed in {extensions}; run: {line}")
        return
    yield Finding("plug-in", "good", str(profile.plug_in))
    yield from check_files(profile.plug_in, line)
    yield from check_sandbox("Inkscape", profile.packaging, inkscape_profiles.FLATPAK, profile.plug_in)
