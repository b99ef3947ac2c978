"""The client runs in the editors' Python, which may be as old as 3.9."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.editor import COMMAND, PATIENCE

CLIENT_FOLDER = ROOT / "plugin" / "nst_client"
CLIENT = sorted(CLIENT_FOLDER.rglob("*.py"))
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from nst_client import Done, Engine, Pixels
with Engine(sys.argv[2:]) as engine:
    tiny = Pixels(16, 16, 3, "u8", bytes(range(256)) * 3)
    last = engine.stylize(tiny, [tiny], {"size": 16, "steps": 2}, preview_seconds=0).wait(60)
assert isinstance(last, Done), last
print(sys.version_info[:2], last.picture)
"""


@pytest.mark.parametrize("path", CLIENT, ids=lambda path: str(path.relative_to(CLIENT_FOLDER)))
def test_the_syntax_is_that_of_3_9(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("path", CLIENT, ids=lambda path: str(path.relative_to(CLIENT_FOLDER)))
def test_nothing_but_the_standard_library_is_imported(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            assert name.partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13"])
def test_it_paints_from_each_python_that_is_here(version: str) -> None:
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"there is no python{version} here")
    done = subprocess.run(
        [python, "-W", "error", "-c", PROGRAM, str(ROOT / "plugin"), *COMMAND],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Pixels(width=16" in done.stdout
