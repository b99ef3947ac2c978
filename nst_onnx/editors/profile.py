"""Editor profile: the folder in which an editor stores a user's settings and plug-ins."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Literal, Protocol

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
