"""Profiles: the folders in which an editor keeps what a person has added to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Packaging = Literal["native", "flatpak", "snap", "given"]


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
    def order(self) -> tuple[bool, tuple[int, ...]]:
        """Sort by this: newer last, and the native one last among equals."""
        return self.packaging == "native", tuple(map(int, re.findall(r"\d+", self.version)))
