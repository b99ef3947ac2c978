"""Checks of the plug-in in darktable: every known cause of a missing export target, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nst_onnx.editors.checks import check_files, check_program
from nst_onnx.editors.darktable import install as darktable_install
from nst_onnx.editors.darktable import luarc
from nst_onnx.editors.darktable import profiles as darktable_profiles
from nst_onnx.editors.darktable.profiles import DarktableProfile
from nst_onnx.support.diagnostics import Finding

NONE_FOUND = (
    "no darktable was found on this computer",
    "install darktable 5 and start it once, or say where its configuration is with --dir",
)
OLDEST = (4, 0)


def examine(profiles: Sequence[DarktableProfile]) -> Iterator[Finding]:
    """Check darktable itself, and the plug-in in each of `profiles`."""
    for program in darktable_profiles.programs():
        version = darktable_profiles.version_of(program)
        yield check_program("darktable", program, version, OLDEST, "install darktable 5")
    if not profiles:
        yield Finding("darktable", "broken", "; ".join(NONE_FOUND))
    for profile in profiles:
        yield from _check(profile)


def _check(profile: DarktableProfile) -> Iterator[Finding]:
    """Check an installed plug-in: the line that loads it, files, engine, sandbox."""
    line = profile.install_line
    if darktable_install.installed(profile) is None:
        yield Finding("plug-in", "missing", f"not installed in {profile.plug_in.parent}; run: {line}")
        return
    yield Finding("plug-in", "good", str(profile.plug_in))
    if luarc.enabled(profile.luarc):
        yield Finding("switch", "good", f"on in {profile.luarc}")
    else:
        text = f"{profile.luarc} does not load it; run: {line}"
        yield Finding("switch", "broken", text)
    yield from check_files(profile.plug_in, line)
    if profile.packaging in ("flatpak", "snap"):
        text = "a sandbox keeps darktable from the computer's own Python; use darktable from another source"
        yield Finding("sandbox", "broken", text)
