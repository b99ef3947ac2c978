"""Why Neural Style is not in Krita: every known cause, looked for, with its cure."""

from __future__ import annotations

from collections.abc import Iterator

from nst_onnx.finding import Finding
from nst_onnx.plugins import krita, krita_install, kritarc
from nst_onnx.plugins.causes import engine_of, sandbox
from nst_onnx.plugins.krita import KritaProfile

AGAIN = "run: nst-onnx plugin install krita"
OLDEST = (5, 0)


def examine(folders: list[KritaProfile]) -> Iterator[Finding]:
    """Look at Krita, and at the plug-in in every one of `folders`."""
    for program in krita.programs():
        version = krita.version_of(program)
        if version is None:
            yield Finding("krita", "warning", f"{program} does not tell its version (is there a screen?)")
        elif tuple(map(int, version.split(".")[:2])) < OLDEST:
            yield Finding("krita", "broken", f"{version} ({program}); the plug-in needs Krita 5 or later")
        else:
            yield Finding("krita", "good", f"{version} ({program})")
    for profile in folders:
        yield from _placed(profile)


def _placed(profile: KritaProfile) -> Iterator[Finding]:
    place = profile.plug_ins
    wrong = sorted(place.glob(f"*/{krita.DESKTOP}")) + sorted(profile.folder.glob(krita.DESKTOP))
    for file in wrong:
        yield Finding(
            "folder",
            "broken",
            f"{file} is in the wrong folder: Krita looks at {place / krita.DESKTOP}; remove it, then {AGAIN}",
        )
    found = krita_install.installed(profile)
    if found is None:
        if not wrong:
            yield Finding("plug-in", "missing", f"not installed in {place}; {AGAIN}")
        return
    yield Finding("plug-in", "good", str(found.folder))
    if not (place / krita.DESKTOP).is_file():
        yield Finding(
            "folder", "broken", f"{place / krita.DESKTOP} is missing, so Krita passes over it; {AGAIN}"
        )
    if not (found.folder / "nst_client" / "client.py").is_file():
        yield Finding("files", "broken", f"{found.folder / 'nst_client'} is missing; {AGAIN}")
    if kritarc.enabled(profile.settings):
        yield Finding("switch", "good", f"on in {profile.settings}")
    else:
        text = (
            f"Krita is not told to load it in {profile.settings}; switch it on in "
            f"Settings ▸ Configure Krita ▸ Python Plugin Manager ▸ Neural Style, or {AGAIN}"
        )
        yield Finding("switch", "broken", text)
    yield engine_of(found.folder, AGAIN)
    if profile.packaging == "flatpak":
        yield sandbox("Krita", krita.FLATPAK)
    if profile.packaging == "snap":
        text = "a Snap may not start programs outside of it; use Krita's AppImage or your distribution's"
        yield Finding("sandbox", "warning", text)
