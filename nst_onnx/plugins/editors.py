"""The editors that there is a plug-in for, as the command sees them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from nst_onnx.finding import Finding
from nst_onnx.plugins import doctor, gimp, install, krita, krita_doctor, krita_install
from nst_onnx.plugins.install import Installed
from nst_onnx.plugins.krita import KritaProfile
from nst_onnx.plugins.profile import Profile

Kept = TypeVar("Kept", Profile, KritaProfile)


class Editor(ABC, Generic[Kept]):
    """`title`: its name; `none_found`, and what to do then; `then`: what to do when it is installed."""

    title: str
    none_found: tuple[str, str]
    then: str

    @abstractmethod
    def profiles(self) -> list[Kept]:
        """Return the profiles found, best last."""

    @abstractmethod
    def given(self, folder: Path) -> Kept:
        """Return the profile that a person names."""

    @abstractmethod
    def install(self, profile: Kept) -> Path:
        """Install the plug-in and return where it is. Raises PluginError."""

    @abstractmethod
    def uninstall(self, profile: Kept) -> Path | None:
        """Remove the plug-in and return where it was. Raises PluginError."""

    @abstractmethod
    def installed(self, profile: Kept) -> Installed | None:
        """Return what is installed."""

    @abstractmethod
    def examine(self, profiles: Sequence[Kept]) -> Iterator[Finding]:
        """Find out what is wrong."""

    @abstractmethod
    def version(self, profile: Kept) -> str:
        """Return the version of the editor that a profile belongs to."""


class Gimp(Editor[Profile]):
    """GIMP 3."""

    title = "GIMP"
    none_found = (
        "no GIMP 3 was found on this computer",
        "install GIMP 3 and start it once, or say where its profile is with --dir",
    )
    then = "Restart GIMP if it is running; the menu is Filters ▸ Artistic ▸ Neural Style…"

    def profiles(self) -> list[Profile]:
        return gimp.profiles()

    def given(self, folder: Path) -> Profile:
        profile = folder.parent if folder.name == "plug-ins" else folder
        return Profile(profile, profile.name, "given")

    def install(self, profile: Profile) -> Path:
        return install.install(profile.plug_ins)

    def uninstall(self, profile: Profile) -> Path | None:
        return install.uninstall(profile.plug_ins)

    def installed(self, profile: Profile) -> Installed | None:
        return install.installed(profile.plug_ins)

    def examine(self, profiles: Sequence[Profile]) -> Iterator[Finding]:
        return doctor.examine(list(profiles))

    def version(self, profile: Profile) -> str:
        return profile.version


class Krita(Editor[KritaProfile]):
    """Krita 5 or later."""

    title = "Krita"
    none_found = (
        "no Krita was found on this computer",
        "install Krita and start it once, or say where its resources are with --dir",
    )
    then = "Restart Krita if it is running; the menu is Tools ▸ Scripts ▸ Neural Style…"

    def profiles(self) -> list[KritaProfile]:
        return krita.profiles()

    def given(self, folder: Path) -> KritaProfile:
        return krita.given(folder)

    def install(self, profile: KritaProfile) -> Path:
        return krita_install.install(profile)

    def uninstall(self, profile: KritaProfile) -> Path | None:
        return krita_install.uninstall(profile)

    def installed(self, profile: KritaProfile) -> Installed | None:
        return krita_install.installed(profile)

    def examine(self, profiles: Sequence[KritaProfile]) -> Iterator[Finding]:
        return krita_doctor.examine(list(profiles))

    def version(self, profile: KritaProfile) -> str:
        return "-"


EDITORS: dict[str, Gimp | Krita] = {"gimp": Gimp(), "krita": Krita()}
