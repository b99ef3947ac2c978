"""Profiles: the folders in which an editor keeps what a person has added to it; GIMP's, for one."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Packaging = Literal["native", "flatpak", "snap", "given"]


def install_line(editor: str, folder: Path, packaging: Packaging) -> str:
    """Return what a person runs to have the plug-in of `editor` installed in the profile `folder`."""
    line = f"{_program()} plugin install {editor}"
    return line if packaging == "native" else f'{line} --dir "{folder}"'


def _program() -> str:
    """Return the name of this installation's command; with its folder, where the name alone is not enough."""
    own = shutil.which("nst-onnx", path=str(Path(sys.executable).parent))
    if own is None or own == shutil.which("nst-onnx"):
        return "nst-onnx"
    return f'"{own}"' if " " in own else own


@dataclass(frozen=True)
class Profile:
    """`folder`: the profile; `version` of the editor that it belongs to, "3.0"; how that was packaged."""

    folder: Path
    version: str
    packaging: Packaging

    @property
    def plug_ins(self) -> Path:
        """The folder that holds plug-ins, each in a folder of its own."""
        return self.folder / "plug-ins"

    @property
    def install_line(self) -> str:
        """What a person runs to have the plug-in installed in it."""
        return install_line("gimp", self.folder, self.packaging)

    @property
    def order(self) -> tuple[bool, tuple[int, ...]]:
        """Sort by this: newer last, and the native one last among equals."""
        return self.packaging == "native", tuple(map(int, re.findall(r"\d+", self.version)))
