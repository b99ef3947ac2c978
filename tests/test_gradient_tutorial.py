"""docs/gradient-graphs.md is one program: it runs, prints what stands in the text, and its core is short."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst_onnx.graph.rules import RULES

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "gradient-graphs.md"
PICTURE = "gradient-graphs.png"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="docs/ is not part of this installation")

_BLOCK = re.compile(
    r"^(?P<core><!-- core -->\n)?```python\n(?P<code>.*?)^```$(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One block of code, and the output that the text shows below it ("" where none)."""

    code: str
    output: str
    core: bool


@dataclass(frozen=True)
class Run:
    """What the whole program printed, block by block, the names it defined, and the folder it ran in."""

    printed: list[str]
    namespace: dict[str, Any]
    folder: Path


def blocks() -> list[Block]:
    found = _BLOCK.finditer(PAGE.read_text("utf-8"))
    return [Block(m["code"], m["output"] or "", m["core"] is not None) for m in found]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run all blocks in order, in one namespace and an empty folder; restore the table of rules."""
    folder, home, rules = tmp_path_factory.mktemp("tutorial"), Path.cwd(), dict(RULES)
    namespace: dict[str, Any] = {}
    printed = []
    os.chdir(folder)
    try:
        for number, block in enumerate(blocks(), 1):
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(compile(block.code, f"{PAGE.name}, block {number}", "exec"), namespace)
            printed.append(output.getvalue())
        yield Run(printed, namespace, folder)
    finally:
        os.chdir(home)
        RULES.clear()
        RULES.update(rules)


def test_every_block_prints_what_the_text_shows(run: Run) -> None:
    assert run.printed == [block.output for block in blocks()]


def test_no_block_is_overlooked() -> None:
    """Every fence of the page belongs to a block of code or to the output right below one."""
    fences = re.findall(r"^```", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(fences) == 2 * sum(1 + bool(block.output) for block in blocks())


def test_builder_rules_and_walk_have_at_most_60_lines() -> None:
    """The core has as many non-blank lines as the text says, and runs without the other blocks."""
    core = "".join(block.code for block in blocks() if block.core)
    lines = [line for line in core.splitlines() if line.strip()]
    assert len(lines) <= 60
    assert f"are {len(lines)} lines of code" in PAGE.read_text("utf-8")
    names: dict[str, Any] = {}
    exec(compile(core, f"{PAGE.name}, core", "exec"), names)
    g = names["Graph"]()
    assert names["gradient"](g, g.op("Relu", g.input("x", [])), "x") == g.nodes[-1].output[0]


def test_a_difference_has_a_gradient_on_both_sides(run: Run) -> None:
    """The text differentiates its `Sub` with respect to the first input only."""
    g = run.namespace["Graph"]()
    x = g.input("x", [2])
    square = g.op("Einsum", x, x, equation="i,i->")
    slope = run.namespace["gradient"](g, g.op("Sub", g.op("Add", square, square), square), x)
    (value,) = run.namespace["evaluate"](g.model(slope), x=np.float32([1, -3]))
    np.testing.assert_array_equal(value, [2, -6])


def test_the_picture_is_the_one_that_the_program_saves(run: Run) -> None:
    """Alike, not equal: the descent amplifies the last bits, in which processors differ."""
    with Image.open(DOCS / "pictures" / PICTURE) as shown, Image.open(run.folder / PICTURE) as saved:
        assert shown.size == saved.size
        difference = np.asarray(shown, np.float32) - np.asarray(saved, np.float32)
    assert np.abs(difference).mean() < 2
