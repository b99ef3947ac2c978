"""What the ZIP of a plug-in brings for the set-up of its engine: setup/ in the plug-in's folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "setup"
FILE = "setup.json"
REQUIREMENTS = "requirements.txt"
OPENVINO_REQUIREMENTS = "requirements-openvino.txt"


@dataclass(frozen=True)
class RemoteFile:
    """A file in a package index: its name, its SHA-256 (hexadecimal) and its size in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Parts:
    """The contents of setup.json, in `folder`.

    `index`: the address of the public package index. `version`: of nst-onnx; `wheel`, `wheel_sha256`: its
    wheel in `folder`. `uv`: the wheels of uv, for all kinds of computers. `python`: the version of Python to
    install where there is none. `menu`: the entry of the editor's menu that opens the set-up. `megabytes`:
    {kind of computer: {"cpu": size of the packages to download, "openvino": what OpenVINO adds}} in units of
    10⁶ bytes; kinds that are not listed have no packages.
    """

    folder: Path
    index: str
    version: str
    wheel: str
    wheel_sha256: str
    uv: list[RemoteFile]
    python: str
    menu: str
    megabytes: dict[str, dict[str, int]]

    @classmethod
    def of(cls, plug_in: Path) -> Parts | None:
        """Return the parts in a plug-in's folder; None where there are none, or they are damaged."""
        folder = plug_in.resolve() / FOLDER
        try:
            return cls._read(folder, json.loads((folder / FILE).read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    @classmethod
    def _read(cls, folder: Path, facts: dict[str, Any]) -> Parts:
        return cls(
            folder,
            str(facts["index"]),
            str(facts["version"]),
            str(facts["wheel"]["name"]),
            str(facts["wheel"]["sha256"]),
            [RemoteFile(str(f["name"]), str(f["sha256"]), int(f["size"])) for f in facts["uv"]["files"]],
            str(facts["python"]),
            str(facts["menu"]),
            {str(kind): dict(sizes) for kind, sizes in facts["megabytes"].items()},
        )

    def requirements(self, openvino: bool) -> Path:
        """Return the file that lists the packages, each with its SHA-256."""
        return self.folder / (OPENVINO_REQUIREMENTS if openvino else REQUIREMENTS)
