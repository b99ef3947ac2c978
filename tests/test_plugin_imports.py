"""Every import between the files of a plug-in names a module and a definition that exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from support.checkout import ROOT

CLIENT = ROOT / "plugin" / "nst_client"
FOLDERS = [ROOT / "plugin" / editor / "neural_style" for editor in ("gimp", "krita", "inkscape")]
FILES = [file for folder in (CLIENT, *FOLDERS) for file in sorted(folder.rglob("*.py"))]


def definitions(file: Path) -> set[str]:
    """Return the names that a module defines or imports at its top level."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return found


def module(parts: list[str], folder: Path) -> Path | None:
    """Return the file of a module beside `folder`'s files or of the client; None for one of somebody else."""
    if parts[:1] == ["nst_client"]:
        parts, folder = parts[1:], CLIENT
    path = folder.joinpath(*parts)
    file = path.with_suffix(".py") if parts and not path.is_dir() else path / "__init__.py"
    return file if file.is_file() else None


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "plugin")))
def test_own_imports_exist(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        parts = node.module.split(".") if node.module else []
        base = file.parents[max(node.level - 1, 0)]
        imported = module(parts, base)
        if imported is None:
            assert node.level == 0, f"{file.name} imports {node.module}, which does not exist"
            assert parts[0] != "nst_client", f"{file.name} imports {node.module}, which does not exist"
            continue
        for alias in node.names:
            known = alias.name in definitions(imported) or module([*parts, alias.name], base)
            assert known, f"{file.name} imports {alias.name}, which {imported.name} does not define"
