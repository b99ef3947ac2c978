"""Regions as Krita's documents store them; no Krita is needed."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.stand_ins import krita_plug_in

SIDES = (3, 5, 4, 2)
MASK = bytes([0, 1, 128, 255, 254, 7, 0, 255])


class Selection:
    """As Krita's."""

    def setPixelData(self, data: bytes, *sides: int) -> None:  # noqa: N802 - Krita's name
        self._data, self._sides = data, sides

    def pixelData(self, *sides: int) -> bytes:  # noqa: N802 - Krita's name
        assert sides == self._sides
        return self._data

    def __getattr__(self, name: str) -> Any:
        return lambda: self._sides[["x", "y", "width", "height"].index(name)]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with krita_plug_in():
        found = importlib.import_module("neural_style.stored_regions")
        monkeypatch.setattr(found, "Selection", Selection)
        monkeypatch.setattr(found.QtCore, "QUuid", lambda text: SimpleNamespace(toString=lambda: text))
        yield found


def rows(module: Any, style: str) -> list[Any]:
    selection = Selection()
    selection.setPixelData(MASK, *SIDES)
    node = module.QtCore.QUuid("{5c2f}")
    return [
        module.Row(module.SelectionPlace("Selection 1", selection), style, 0.75),
        module.Row(module.NodePlace("Layer “sky”", node), "", 0.5, True),
    ]


@pytest.mark.parametrize("rest_kept", [False, True])
def test_what_is_stored_comes_back(module: Any, tmp_path: Path, rest_kept: bool) -> None:
    style = tmp_path / "style.png"
    style.touch()
    (first, second), kept = module.decoded(module.encoded(rows(module, str(style)), rest_kept))
    assert kept is rest_kept
    assert (first.style, first.strength, first.keep) == (str(style), 0.75, False)
    assert first.place.label == "Selection 1"
    assert first.place.selection.pixelData(*SIDES) == MASK
    assert (second.place.label, second.place.node.toString()) == ("Layer “sky”", "{5c2f}")
    assert second.keep is True


def test_a_style_that_is_gone_is_none(module: Any, tmp_path: Path) -> None:
    (first, _), _ = module.decoded(module.encoded(rows(module, str(tmp_path / "gone.png")), False))
    assert first.style == ""


def test_no_regions_have_no_rest(module: Any) -> None:
    assert module.decoded(module.encoded([], True)) == ([], False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sides", [3, 5, 4, 3]),
        ("sides", [3, 5, 2**28, 2**28]),
        ("sides", [3, 5, -4, -2]),
        ("sides", [3, 5, True, 8]),
        ("sides", [3, 5, 4]),
        ("selection", "no such bytes"),
        ("selection", 7),
        ("label", 7),
        ("style", 7),
        ("strength", 2.0),
        ("strength", True),
        ("strength", "0.5"),
    ],
)
def test_what_was_stored_by_others_is_not_taken(module: Any, name: str, value: object) -> None:
    """Documents come from anywhere."""
    listed = json.loads(module.encoded(rows(module, ""), False))
    listed[0][name] = value
    assert module.decoded(json.dumps(listed)) == ([], False)


@pytest.mark.parametrize("text", ["", "[", "{}", "7", '"rest"', '["rest"]', "[[]]", "[" * 100_000])
def test_other_texts_are_no_regions(module: Any, text: str) -> None:
    assert module.decoded(text) == ([], False)
