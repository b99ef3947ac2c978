"""The editors that there is a plug-in for, as the command sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from nst_onnx.finding import Finding
from nst_onnx.plugins import gimp, gimp_doctor, gimp_install, krita, krita_doctor, krita_install
from nst_onnx.plugins.install import Installed
from nst_onnx.plugins.krita import KritaProfile
from nst_onnx.plugins.profile import Profile

Kept = TypeVar("Kept", Profile, KritaProfile)


@dataclass(frozen=True)
class Editor(Generic[Kept]):
    """What can be done with an editor and its profiles (`Kept`).

    `signs`: files and folders of which a profile has at least one as soon as the editor was started.
    `none_found`: what is wrong where there is no profile, and what to do; `then`: what to do when the plug-in
    is installed. `profiles` finds them, the best one last; `given` is the one that a person names.
    `uninstall` returns None where nothing was there. `install` and `uninstall` raise PluginError.
    """

    name: str
    signs: tuple[str, ...]
    none_found: tuple[str, str]
    then: str
    profiles: Callable[[], list[Kept]]
    given: Callable[[Path], Kept]
    version: Callable[[Kept], str]
    install: Callable[[Kept], Path]
    uninstall: Callable[[Kept], Path | None]
    installed: Callable[[Kept], Installed | None]
    examine: Callable[[Sequence[Kept]], Iterator[Finding]]


EDITORS: dict[str, Editor[Any]] = {
    "gimp": Editor[Profile](
        name="GIMP",
        signs=gimp.SIGNS,
        none_found=gimp_doctor.NONE_FOUND,
        then="Restart GIMP if it is running; the menu is Filters ▸ Artistic ▸ Neural Style…",
        profiles=gimp.profiles,
        given=gimp.given,
        version=lambda profile: profile.version,
        install=gimp_install.install,
        uninstall=gimp_install.uninstall,
        installed=gimp_install.installed,
        examine=gimp_doctor.examine,
    ),
    "krita": Editor[KritaProfile](
        name="Krita",
        signs=krita.SIGNS,
        none_found=krita_doctor.NONE_FOUND,
        then="Restart Krita if it is running; the menu is Tools ▸ Scripts ▸ Neural Style…",
        profiles=krita.profiles,
        given=krita.given,
        version=lambda _: "-",  # one profile for all of its versions
        install=krita_install.install,
        uninstall=krita_install.uninstall,
        installed=krita_install.installed,
        examine=krita_doctor.examine,
    ),
}
