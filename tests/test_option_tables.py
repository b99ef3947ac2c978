"""Tables, choices and typed keyword arguments agree with the declarations of options."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from support.checkout import ROOT

from nst_onnx.cli.option_parameters import GROUPS
from nst_onnx.cli.spelling import dashed
from nst_onnx.graph.passes.network_edits import Pooling
from nst_onnx.jobs.video.options import VideoOptions, VideoOptionValues
from nst_onnx.painting.option import declared
from nst_onnx.painting.options import (
    LossOptions,
    LossOptionValues,
    Options,
    OptionValues,
    PreserveColour,
    Quality,
)
from nst_onnx.painting.presets.preset import OptimiserName, Start
from nst_onnx.painting.quality import budgets
from nst_onnx.runtime import BACKENDS

GENERATOR = ROOT / "docs" / "option_tables.py"


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(GENERATOR.parent))
    spec = importlib.util.spec_from_file_location("option_tables", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not GENERATOR.is_file(), reason="docs/ is not part of this installation")
def test_what_is_generated_is_up_to_date(generator: ModuleType) -> None:
    """If not: python docs/option_tables.py --write."""
    files: list[tuple[Path, str]] = list(generator.generated())
    assert len(files) == 5
    for path, text in files:
        assert path.read_text("utf-8") == text, f"{path.name}: run python docs/option_tables.py --write"


@pytest.mark.skipif(not GENERATOR.is_file(), reason="docs/ is not part of this installation")
def test_the_man_page_has_every_command_and_option(generator: ModuleType) -> None:
    page = generator.MAN_PAGE.read_text("utf-8").replace("\\-", "-")
    for command in ("stylize", "texture", "models fetch", "plugin install", "doctor", "export"):
        assert f"\n.SS nst-onnx {command} " in page
    for name in {**Options.table(), **VideoOptions.table()}:
        assert f"--{dashed(name)}" in page, name
    assert not [line for line in page.splitlines() if line.startswith("'") or "\\[" in line]


@pytest.mark.parametrize(
    ("values", "options"),
    [(LossOptionValues, LossOptions), (OptionValues, Options), (VideoOptionValues, VideoOptions)],
)
def test_keyword_arguments_have_the_options_names_and_types(values: type, options: type[LossOptions]) -> None:
    typed = {name: hint.__forward_arg__ for name, hint in values.__annotations__.items()}
    fields = options.__dataclass_fields__
    assert typed == {name: fields[name].type for name in declared(options)}


@pytest.mark.parametrize(
    ("name", "literal"),
    [
        ("pooling", Pooling),
        ("preserve_colour", PreserveColour),
        ("quality", Quality),
        ("optimiser", OptimiserName),
        ("init", Start),
    ],
)
def test_choices_are_those_of_the_types(name: str, literal: object) -> None:
    assert tuple(Options.table()[name].schema()["choices"]) == get_args(literal)


def test_every_quality_has_a_budget_on_every_kind_of_device() -> None:
    for kind in BACKENDS:
        assert list(budgets(kind)) == Options.table()["quality"].schema()["choices"]


@pytest.mark.parametrize("name", list(VideoOptions.table()))
def test_every_option_says_what_it_is(name: str) -> None:
    option = VideoOptions.table()[name]
    assert option.group in GROUPS
    assert option.help
    assert not option.help.endswith(".")
    option.check(option.default)
