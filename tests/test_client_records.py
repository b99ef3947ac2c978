"""Records of paintings in files that come from anywhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.painting_record import PaintingRecord


def decoded(settings: object, source: str = "") -> PaintingRecord:
    record = PaintingRecord.decoded(json.dumps({"settings": settings, "source": source}).encode())
    assert record is not None
    return record


def test_choices_are_without_regions() -> None:
    """Krita has no controls with these names."""
    record = decoded({"strength": 0.25, "regions": "[]", "region-layers": True})
    assert record.settings_here == {"strength": 0.25, "regions": "[]", "region-layers": True}
    assert record.choices_here == {"strength": 0.25}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 12.5),
        ("size", "12"),
        ("size", True),
        ("size", -1),
        ("seed", 2**31),
        ("strength", "0.5"),
        ("strength", False),
        ("strength", float("nan")),
        ("style-scale", float("inf")),
        pytest.param("strength", 10**400, id="larger than any float"),
        ("style", 5),
        ("style", "/a\0.png"),
        ("model", 1.0),
        ("quality", "perfect"),
        ("quality", ["good"]),
        ("keep-colours", {}),
        ("unknown", "x"),
    ],
)
def test_what_no_control_takes_is_left_out(name: str, value: object) -> None:
    assert decoded({name: value, "device": "cpu"}).settings == {"device": "cpu"}


def test_what_the_controls_take_stays() -> None:
    settings = {"size": 512, "seed": 2**31 - 1, "strength": 1, "style-scale": 0.5, "quality": "good"}
    assert decoded(settings).settings == settings


def test_styles_whose_files_are_gone_are_not_chosen(tmp_path: Path) -> None:
    here = tmp_path / "here.png"
    here.write_bytes(b"")
    record = decoded({"style": str(here), "second-style": str(tmp_path / "gone.png"), "size": 0})
    assert record.settings_here == {"style": str(here), "size": 0}
    assert decoded({"second-style": ""}).settings_here == {"second-style": ""}
    assert decoded({"style": "x" * 5000}).settings_here == {}
    assert decoded({"style": "\ud800"}).settings_here == {}


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("7", 7),
        ("4294967295", 2**32 - 1),
        ("4294967296", None),
        ("9" * 5000, None),
        ("²", None),
        ("٣", None),
        ("-1", None),
        ("", None),
    ],
)
def test_the_number_of_the_painted_layer(source: str, number: int | None) -> None:
    assert decoded({}, source).source_number == number
