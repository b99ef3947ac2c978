"""A spot of the live preview, and what Stop and keep says."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.choices import EngineRequest
from nst_client.keeping import keep_label
from nst_client.region import Rectangle
from nst_client.spot import in_part, spot_around

WHOLE = Rectangle(10, -5, 1000, 600)


@pytest.mark.parametrize(
    ("place", "sides"),
    [
        ((0.5, 0.5), (350, 175, 320, 240)),
        ((0.0, 0.0), (10, -5, 320, 240)),
        ((1.0, 1.0), (690, 355, 320, 240)),
        ((0.25, 1.0), (100, 355, 320, 240)),
    ],
)
def test_a_spot_lies_within_the_layer(place: tuple[float, float], sides: tuple[int, ...]) -> None:
    assert spot_around(WHOLE, place, 320, 240).sides == sides


def test_a_small_layer_is_its_own_spot() -> None:
    small = Rectangle(3, 4, 100, 500)
    assert spot_around(small, (0.9, 0.5), 320, 240).sides == (3, 134, 100, 240)


def request(**options: Any) -> EngineRequest:
    return {"styles": [], "options": options, "quality": "good", "model": "auto", "device": "auto"}


@pytest.mark.parametrize(
    ("scale", "ratio", "expected"), [(1.0, 4.0, 4.0), (0.5, 2.0, 1.0), (4.0, 10.0, 20.0), (0.1, 0.1, 0.05)]
)
def test_the_strokes_of_a_part_are_those_of_the_whole(scale: float, ratio: float, expected: float) -> None:
    asked = request(style_scale=scale, seed=3)
    assert in_part(asked, ratio)["options"] == {"style_scale": expected, "seed": 3}
    assert asked["options"]["style_scale"] == scale


def test_learned_strokes_stay() -> None:
    assert in_part(request(seed=3), 4.0) == request(seed=3)


@pytest.mark.parametrize(
    ("longest", "label"),
    [
        (640, "Keep this picture (640 of 2560 pixels so far)"),
        (2560, "Keep this picture (every pixel)"),
    ],
)
def test_what_is_kept_is_told(longest: int, label: str) -> None:
    assert keep_label(longest, 2560) == label
