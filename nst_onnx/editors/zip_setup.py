"""Plug-ins that came as a ZIP, and set up their engine from inside the editor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

NAME = "setup/setup.json"


@dataclass(frozen=True)
class ZipSetup:
    """What the ZIP says: the `version` of nst-onnx, and the `menu` entry that sets up the engine."""

    version: str
    menu: str


def read(folder: Path) -> ZipSetup | None:
    """Return what the ZIP of the plug-in in `folder` says; None where it did not come as a ZIP."""
    try:
        facts = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return ZipSetup(str(facts["version"]), str(facts["menu"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remedy(folder: Path, install_line: str) -> str:
    """Return how the plug-in in `folder` gets its engine again; `install_line`: the terminal's way."""
    setup = read(folder)
    return f"run: {install_line}" if setup is None else f"in the editor, choose {setup.menu}"
