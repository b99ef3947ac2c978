"""The ZIP of one editor's plug-in: its files, the client, and setup/ with the engine's parts."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

FOLDER = "neural_style"
EXECUTABLE = f"{FOLDER}.py"
"""GIMP passes over a file that may not be run."""
EDITORS = {
    "gimp": "Filters ▸ Artistic ▸ Engine of Neural Style…",
    "krita": "Tools ▸ Scripts ▸ Engine of Neural Style…",
}
"""Each editor's menu entry for the set-up."""
_DATE = (1980, 1, 1, 0, 0, 0)


def write(editor: str, plugins: Path, setup: Path, facts: dict[str, Any], output: Path) -> Path:
    """Write the ZIP of `editor` into the folder `output` and return its path; the same parts, the same bytes.

    `plugins`: the folder plugin/; `setup`: the files of setup/; `facts`: the contents of setup.json.
    """
    path = output / f"nst-onnx-{editor}-{facts['version']}.zip"
    contents = {name: file.read_bytes() for name, file in _files(editor, plugins, setup)}
    text = json.dumps({**facts, "menu": EDITORS[editor]}, indent=2, ensure_ascii=False)
    contents[f"{FOLDER}/setup/setup.json"] = text.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in sorted({f"{parent}/" for name in contents for parent in _parents(name)}):
            entry = zipfile.ZipInfo(folder, _DATE)  # Krita's importer looks for the entry of the folder
            entry.external_attr, entry.create_system = (0o040755 << 16) | 0x10, 3
            archive.writestr(entry, b"")
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _DATE)
            mode = 0o755 if name == f"{FOLDER}/{EXECUTABLE}" else 0o644
            entry.external_attr, entry.create_system = (0o100000 | mode) << 16, 3
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, contents[name])
    return path


def _parents(name: str) -> list[str]:
    """Return the folders that a file is in."""
    return [str(parent) for parent in PurePosixPath(name).parents if parent.name]


def _files(editor: str, plugins: Path, setup: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file with its name in the ZIP."""
    for file in (plugins / editor).glob("*.desktop"):
        yield file.name, file
    for source, target in (
        (plugins / editor / FOLDER, FOLDER),
        (plugins / "nst_client", f"{FOLDER}/nst_client"),
        (setup, f"{FOLDER}/setup"),
    ):
        for file in source.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield f"{target}/{file.relative_to(source).as_posix()}", file
