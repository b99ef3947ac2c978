"""What a person chooses in an editor becomes options that the library knows."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.choices import COLOURS, OWN_COLOURS, QUALITIES, engine_request
from nst_client.failure import Failure

from nst_onnx.painting.options import Options
from nst_onnx.painting.quality import budgets

CHOSEN: dict[str, Any] = {
    "style": "/a.png",
    "second-style": "",
    "second-share": 0.25,
    "strength": 0.7,
    "quality": "good",
    "style-scale": 1.5,
    "keep-colours": OWN_COLOURS,
    "size": 0,
    "seed": 3,
    "model": " ",
    "device": "openvino",
}


def test_a_request_contains_only_what_was_chosen() -> None:
    request = engine_request(CHOSEN)
    assert request["styles"] == ["/a.png"]
    assert request["options"] == {"strength": 0.7, "style_scale": 1.5, "seed": 3}
    assert (request["quality"], request["model"], request["device"]) == ("good", "auto", "openvino")


def test_two_styles_a_size_and_the_photos_colours() -> None:
    more = {"second-style": "/b.png", "size": 300, "keep-colours": "luminance"}
    request = engine_request({**CHOSEN, **more})
    assert request["styles"] == ["/a.png", "/b.png"]
    assert request["options"]["style_weights"] == [0.75, 0.25]
    assert (request["options"]["size"], request["options"]["preserve_colour"]) == (300, "luminance")


def test_a_learned_style_paints_in_one_pass_whatever_else_is_chosen() -> None:
    request = engine_request({**CHOSEN, "style": "/a.nst", "keep-colours": "histogram"})
    assert request["quality"] == "instant"
    assert request["options"] == {"strength": 0.7, "seed": 3}
    request = engine_request({**CHOSEN, "style": "/a.nst", "keep-colours": "luminance"})
    assert request["options"]["preserve_colour"] == "luminance"


def test_a_style_is_required() -> None:
    with pytest.raises(Failure, match="No style"):
        engine_request({**CHOSEN, "style": ""})


@pytest.mark.parametrize("colours", [name for name, _ in COLOURS])
def test_the_library_accepts_the_options(colours: str) -> None:
    Options(**engine_request({**CHOSEN, "keep-colours": colours, "size": 64})["options"])


def test_the_qualities_are_the_workers() -> None:
    assert [name for name, _ in QUALITIES] == list(budgets("cpu"))
