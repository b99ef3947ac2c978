"""Editor profile: the folder in which an editor stores a user's settings and plug-ins."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol, Self, TypeVar

Packaging = Literal["native", "flatpak", "snap", "given"]
"""How the editor was packaged; "given" for a folder that the user named."""


class Profile(Protocol):
    """A profile, as ``nst-onnx plugin`` uses it."""

    @property
    def folder(self) -> Path:
        """The profile's folder."""

    @property
    def packaging(self) -> Packaging:
        """How the editor was packaged."""

    @property
    def version(self) -> str:
        """The editor's version, such as "3.0"; "-" where one profile serves all versions."""


@dataclass(frozen=True)
class SharedProfile:
    """A profile that serves all versions of an editor: its `folder`, and how the editor was packaged.

    A subclass names the `editor`, the folder of its `plug_ins` in the profile, and ours among them.
    """

    editor: ClassVar[str]
    plug_ins: ClassVar[str]
    plug_in_name: ClassVar[str]

    folder: Path
    packaging: Packaging

    @property
    def version(self) -> str:
        """No version: the editor uses one profile for all of its versions."""
        return "-"

    @property
    def plug_in(self) -> Path:
        """The folder of our plug-in."""
        return self.folder / self.plug_ins / self.plug_in_name

    @property
    def install_line(self) -> str:
        """The command line that installs the plug-in in this profile."""
        return install_line(self.editor, self.folder, self.packaging)

    @classmethod
    def given(cls, folder: Path, candidates: Iterable[Self]) -> Self:
        """Return the profile in a folder that the user names, also by its folder of plug-ins."""
        profile = folder.parent if folder.name == cls.plug_ins else folder
        return next((known for known in candidates if known.folder == profile), cls(profile, "given"))


P = TypeVar("P", bound=Profile)


def existing(candidates: Sequence[P], used: Callable[[P], bool], programs: Iterable[str]) -> list[P]:
    """Return those of `candidates`, the native one first, that are `used`; the preferred one last.

    Where one of `programs` is installed but was never started, its future profile is included.
    """
    found = [known for known in candidates if used(known)]
    if candidates[0] not in found and any(True for _ in programs):
        found.insert(0, candidates[0])
    return found[::-1]


def install_line(editor: str, folder: Path, packaging: Packaging) -> str:
    """Return the command line that installs the plug-in of `editor` into the profile `folder`."""
    line = f"{_program()} plugin install {editor}"
    return line if packaging == "native" else f'{line} --dir "{folder}"'


def _program() -> str:
    """Return this installation's command, with its folder where PATH does not lead to it."""
    own = shutil.which("nst-onnx", path=str(Path(sys.executable).parent))
    if own is None or own == shutil.which("nst-onnx"):
        return "nst-onnx"
    return f'"{own}"' if " " in own else own
