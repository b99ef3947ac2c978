"""Limits on the size of files, classes and signatures, so that each stays one concept."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES = 400
CLASS_LINES = 200
CLASS_ATTRIBUTES = 20
PARAMETERS = 8
OPTION_TABLES = ("nst_onnx/cli/commands/", "export/__main__.py", "export/painter/command.py")
"""Where commands declare their options as parameters, as typer has it."""
PUBLIC = ("stylize", "stylize_batch", "stylize_video")
"""Functions whose keyword parameters are the options of the public API."""

SOURCES = sorted(
    path
    for folder in ("nst_onnx", "export", "plugin", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def arguments(function: Function) -> list[ast.arg]:
    """The parameters without self and cls."""
    given = function.args
    found = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    found += [star for star in (given.vararg, given.kwarg) if star]
    return [one for one in found if one.arg not in ("self", "cls")]


def attributes(node: ast.ClassDef) -> set[str]:
    """Fields declared in the class, and what its methods set on self."""
    found = {
        field.target.id
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }
    for part in ast.walk(node):
        if (
            isinstance(part, ast.Attribute)
            and isinstance(part.ctx, ast.Store)
            and isinstance(part.value, ast.Name)
            and part.value.id == "self"
        ):
            found.add(part.attr)
    return found


def is_table(node: ast.ClassDef) -> bool:
    """Whether it is plain data: a class of declared fields, such as the table of all options."""
    return not any(isinstance(part, Function) and not part.name.startswith("__") for part in node.body)


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_limits(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) <= FILE_LINES
    for node in classes(tree):
        lines = (node.end_lineno or 0) - node.lineno + 1
        assert lines <= CLASS_LINES, f"class {node.name} has {lines} lines"
        names = attributes(node)
        assert len(names) <= CLASS_ATTRIBUTES or is_table(node), f"class {node.name} has {sorted(names)}"
    if not named(path).startswith(OPTION_TABLES):
        for function in functions(tree):
            if function.name in PUBLIC and function in tree.body:
                continue
            count = len(arguments(function))
            assert count <= PARAMETERS, f"{function.name} has {count} parameters"


def public_signatures(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the annotations of public functions, and of public methods of public classes."""
    for node in tree.body:
        members: list[ast.stmt] = [node]
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            members = node.body
        for member in members:
            if isinstance(member, Function) and (
                not member.name.startswith("_") or member.name in ("__init__", "__call__")
            ):
                for argument in arguments(member):
                    yield f"{member.name}({argument.arg})", argument.annotation
                yield member.name, member.returns


@pytest.mark.parametrize("path", [p for p in SOURCES if "nst_onnx" in p.parts], ids=named)
def test_no_any_in_public_signatures(path: Path) -> None:
    found = [
        where
        for where, annotation in public_signatures(ast.parse(path.read_text()))
        if annotation is not None
        and any(isinstance(part, ast.Name) and part.id == "Any" for part in ast.walk(annotation))
    ]
    assert not found


def test_nothing_stands_loose() -> None:
    loose = {path.name for path in (ROOT / "nst_onnx").glob("*.py")}
    assert loose == {"__init__.py", "__main__.py", "api.py", "errors.py", "version.py"}
