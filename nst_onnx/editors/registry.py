"""The editors that there is a plug-in for, as the command sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from nst_onnx.editors.gimp import doctor as gimp_doctor
from nst_onnx.editors.gimp import install as gimp_install
from nst_onnx.editors.gimp import profiles as gimp_profiles
from nst_onnx.editors.krita import doctor as krita_doctor
from nst_onnx.editors.krita import install as krita_install
from nst_onnx.editors.krita import profiles as krita_profiles
from nst_onnx.editors.krita.profiles import KritaProfile
from nst_onnx.editors.plugin_files import Installed
from nst_onnx.editors.profile import Profile
from nst_onnx.support.diagnostics import Finding

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
        signs=gimp_profiles.SIGNS,
        none_found=gimp_doctor.NONE_FOUND,
        then="Restart GIMP if it is running; the menu is Filters ▸ Artistic ▸ Neural Style…",
        profiles=gimp_profiles.profiles,
        given=gimp_profiles.given,
        version=lambda profile: profile.version,
        install=gimp_install.install,
        uninstall=gimp_install.uninstall,
        installed=gimp_install.installed,
        examine=gimp_doctor.examine,
    ),
    "krita": Editor[KritaProfile](
        name="Krita",
        signs=krita_profiles.SIGNS,
        none_found=krita_doctor.NONE_FOUND,
        then="Restart Krita if it is running; the menu is Tools ▸ Scripts ▸ Neural Style…",
        profiles=krita_profiles.profiles,
        given=krita_profiles.given,
        version=lambda _: "-",  # one profile for all of its versions
        install=krita_install.install,
        uninstall=krita_install.uninstall,
        installed=krita_install.installed,
        examine=krita_doctor.examine,
    ),
}
