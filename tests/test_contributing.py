"""CONTRIBUTING.md: its worked examples run, and the places that it names exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checkout import ROOT
from support.networks import vgg_weights
from support.pictures import smooth_picture

from nst_onnx.editors.registry import EDITORS
from nst_onnx.graph.rules import RULES
from nst_onnx.models.readers import READERS
from nst_onnx.objective.losses import LOSSES
from nst_onnx.painting import options
from nst_onnx.painting.presets import PRESETS
from nst_onnx.runtime import BACKENDS

PAGE = ROOT / "CONTRIBUTING.md"
TABLES: list[MutableMapping[str, Any]] = [
    EDITORS,
    RULES,
    READERS,
    LOSSES,
    PRESETS,
    BACKENDS,
    options._REGISTERED,
]

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="CONTRIBUTING.md is not part of this installation")


def examples() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _tables_as_before() -> Iterator[None]:
    before = [dict(table) for table in TABLES]
    yield
    for table, rows in zip(TABLES, before, strict=True):
        table.clear()
        table.update(rows)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the examples name, in the working directory."""
    smooth_picture(40, 48, seed=1).save(tmp_path / "photo.jpg")
    smooth_picture(40, 40, seed=2).save(tmp_path / "painting.jpg")
    layers = vgg_weights("vgg19", widths=(64,)).layers
    with (tmp_path / "weights.myvgg").open("wb") as file:
        file.write(" ".join(["MYVGG1", *layers]).encode() + b"\n")
        for kernel, bias in layers.values():
            np.save(file, kernel.transpose(2, 3, 1, 0))
            np.save(file, bias)
    (tmp_path / "home" / "easel-7").mkdir(parents=True)
    (tmp_path / "easel_plugin").mkdir()
    (tmp_path / "easel_plugin" / "main.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("files")
@pytest.mark.filterwarnings("ignore::nst_onnx.models.kernel_layout.ModelWarning")
def test_the_worked_examples_run() -> None:
    namespace: dict[str, Any] = {"__name__": "contributing"}
    before = [len(table) for table in TABLES]
    for example in examples():
        exec(compile(example, str(PAGE), "exec"), namespace)
    added = [len(table) - was for table, was in zip(TABLES, before, strict=True)]
    assert all(added), "each table has a worked example"


def test_files_that_are_named_exist() -> None:
    text = PAGE.read_text("utf-8")
    named = re.findall(r"`((?:nst_onnx|tests|docs|plugin|export|\.ci)/[\w/.-]*)`", text)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []
