"""The map in docs/how-it-works.md: rooms in the order of their imports, and files that exist."""

from __future__ import annotations

import ast
import configparser
import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nst_onnx"
PAGE = ROOT / "docs" / "how-it-works.md"
LOOSE = {"__init__.py", "__main__.py", "api.py", "errors.py", "version.py"}

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="docs/ is not part of this installation")


def table(marker: str) -> list[list[str]]:
    """The cells of the table between `<!-- marker -->` and `<!-- /marker -->`, without its header."""
    if not PAGE.is_file():
        return []
    (text,) = re.findall(rf"<!-- {marker} -->\n(.*?)<!-- /{marker} -->", PAGE.read_text("utf-8"), re.DOTALL)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines()[2:]]


def rooms() -> dict[str, int]:
    """Each room's name, without `/` or `.py`, and its number; in the table's order."""
    return {
        name.strip("`").removesuffix("/").removesuffix(".py"): int(level) for level, name, _ in table("rooms")
    }


def room_of(module: str) -> str:
    """The room of `nst_onnx.x.y`: `x`. The package itself is the room ``."""
    return module.partition("nst_onnx")[2].removeprefix(".").partition(".")[0]


def imports(path: Path) -> list[tuple[int, str]]:
    """Line and room of every import from nst_onnx in a file, also of those within functions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            module = node.module or ""
            names = [f"{module}.{a.name}" for a in node.names] if module == "nst_onnx" else [module]
        else:
            continue
        found += [(node.lineno, room_of(n)) for n in names if n == "nst_onnx" or n.startswith("nst_onnx.")]
    return found


def test_the_rooms_are_those_of_the_package() -> None:
    """Every package of nst_onnx/, and every module beside them, stands in the table once."""
    packages = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    names = [name for _, name, _ in table("rooms")]
    assert sorted(names) == sorted([f"`{name}/`" for name in packages] + [f"`{name}.py`" for name in modules])


def test_the_rooms_stand_in_the_order_of_the_layers_contract() -> None:
    """From the top, independent rooms with one number; in the line above the table as well."""
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter", "utf-8")
    lines = contract["importlinter:contract:layers"]["layers"].split("\n")
    layers = [{room_of(name.strip()) for name in re.split(r"[|:]", line)} for line in lines if line.strip()]
    written = rooms()
    numbers = list(dict.fromkeys(written.values()))
    assert [{name for name, level in written.items() if level == number} for number in numbers] == layers
    assert all(upper == lower + 1 for upper, lower in pairwise(numbers))
    (chain,) = re.findall(r"^    (cli → .+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    line = [set(names.split(" | ")) for names in chain.split(" → ")]
    assert line == layers[layers.index({"cli"}) : layers.index({"support"}) + 1]


def test_every_import_goes_downwards() -> None:
    level = rooms()
    upwards = [
        f"{path.relative_to(ROOT)}:{line}: {room} imports {target or 'nst_onnx'}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if (room := path.relative_to(PACKAGE).with_suffix("").parts[0]) != "__init__"
        for line, target in imports(path)
        if target != room and not level.get(target, len(level)) < level[room]
    ]
    assert upwards == []


@pytest.mark.parametrize(("concept", "places"), table("places"), ids=[row[0] for row in table("places")])
def test_files_that_are_named_exist(concept: str, places: str) -> None:
    """Relative to nst_onnx/, or to the repository where they begin with `/`; a folder ends with `/`."""
    paths = re.findall(r"`(/?(?:[\w.]+/)*[\w]*(?:/|\.py))`", places)
    assert paths, f"no file is named for: {concept}"
    for name in paths:
        path = ROOT / name[1:] if name.startswith("/") else PACKAGE / name
        assert path.is_dir() if name.endswith("/") else path.is_file(), f"{name} does not exist"


def test_no_module_stands_loose() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == LOOSE
