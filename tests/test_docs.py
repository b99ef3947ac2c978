"""The documentation: its examples run, its links lead somewhere, its tables are the code's."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import typer
from PIL import Image
from support.checkout import ROOT
from support.networks import squeezenet

from nst_onnx.cli import config
from nst_onnx.cli.app import build
from nst_onnx.graph.rules import JOINED_RULES, RULES
from nst_onnx.painting import presets, pyramid

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="docs/ is not part of this installation")


def blocks(page: str | Path, language: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table below a header line that starts with `heading`, without backticks."""
    lines = (DOCS / page).read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    return table


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the examples name, small, in the working directory; and a quick default preset."""
    examples = {"photo": "content/valley", "painting": "styles/whirl", "other": "styles/facets"}
    for name, source in examples.items():
        with Image.open(ROOT / "examples" / f"{source}.jpg") as image:
            image.thumbnail((96, 96))
            image.save(tmp_path / f"{name}.jpg")
    onnx.save(squeezenet(), tmp_path / "network.onnx")
    small = dataclasses.replace(presets.PRESETS["default"], size=48, steps=12)
    monkeypatch.setitem(presets.PRESETS, "default", small)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def _own_rules() -> Iterator[None]:
    """Take back what an example adds to the table."""
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


def test_examples_of_the_library(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In order and in one namespace, as somebody reads them; sizes and steps a fraction of those written."""
    pytest.importorskip("scipy", reason="the example of scipy.optimize needs scipy")
    namespace: dict[str, object] = {}
    for number, block in enumerate(blocks("python.md", "python"), 1):
        small = re.sub(r"\bsize=(\d+)", lambda m: f"size={min(int(m[1]), 64)}", block)
        small = re.sub(r"\bsteps=\d+", "steps=12", small)
        exec(compile(small, f"docs/python.md, example {number}", "exec"), namespace)
    told = capsys.readouterr().out
    assert "strength must be a number from 0 to 1" in told
    assert "16 0.5" in told  # bits and strength of the 16-bit example
    for name in (
        "painted.png",
        "blended.jpg",
        "luminance.jpg",
        "histogram.jpg",
        "covariance.jpg",
        "deep.tif",
    ):
        assert (pictures / name).stat().st_size > 0


@pytest.mark.usefixtures("_own_rules")
def test_the_example_of_a_rule() -> None:
    """The rule that how-it-works.md adds gives the right gradient."""
    import onnxruntime

    namespace: dict[str, object] = {}
    for block in blocks("how-it-works.md", "python"):
        exec(compile(block, "docs/how-it-works.md", "exec"), namespace)
    model = namespace["model"]
    assert isinstance(model, onnx.ModelProto)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.linspace(-3, 3, 12, dtype=np.float32).reshape(4, 3)
    (slope,) = session.run(["slope"], {"x": x})
    np.testing.assert_allclose(slope, 1 / (1 + np.exp(-x)), rtol=1e-5)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"src=\"([^\"]+)\"", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings]
            assert anchor in slugs, target


@pytest.mark.parametrize(
    "line",
    [
        line
        for page in PAGES
        if page.exists()
        for block in blocks(page, "(?:sh|console|bash)?")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("nst-onnx")
    ],
)
def test_commands_are_ones(line: str) -> None:
    """Every command line in the documentation is one that the command understands."""
    command, words = typer.main.get_command(build()), shlex.split(line, comments=True)[1:]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    assert command.make_context(command.name, words).command is command


def test_the_example_of_a_configuration(tmp_path: Path) -> None:
    for number, block in enumerate(blocks("command.md", "toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(block, "utf-8")
        assert config.read(path)


def weight(preset: presets.Preset, *names: str) -> float:
    return sum(weighted.weight for weighted in preset.losses if weighted.loss.name in names)


def test_the_table_of_presets() -> None:
    """Network, weights, pooling, start, optimiser, steps and size are those in the code."""
    written = {row[0]: row[1:] for row in rows("presets.md", "preset")}
    assert set(written) == set(presets.PRESETS)
    for name, preset in presets.PRESETS.items():
        size = preset.size if isinstance(preset.size, int) else "×".join(map(str, preset.size))
        assert written[name] == [
            preset.model or "any",
            f"{weight(preset, 'content'):g}",
            f"{weight(preset, 'style', 'moments'):g}",
            f"{weight(preset, 'tv'):g}",
            preset.pooling or "the network's own",
            preset.noise if preset.start == "noise" else preset.start,
            {"adam": "Adam", "lbfgs": "L-BFGS", "preconditioned": "preconditioned L-BFGS"}[preset.optimiser],
            str(preset.steps),
            str(size),
        ], name


def test_the_table_of_rules() -> None:
    written = [name for row in rows("how-it-works.md", "operator") for name in row[0].split(", ")]
    assert sorted(written) == sorted(RULES | JOINED_RULES)


def test_the_numbers_of_the_pyramid() -> None:
    text = (DOCS / "how-it-works.md").read_text("utf-8")
    assert f"by at most {pyramid.RATIO:g}" in text
    assert f"about {pyramid.COARSEST} pixels" in text
