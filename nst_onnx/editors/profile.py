"""Editor profile: the folder in which an editor stores a user's settings and plug-ins."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeVar

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
