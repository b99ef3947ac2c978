"""The live preview of regions where one of them cannot be painted."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import Done, Pixels
from nst_client.choices import EngineRequest
from nst_client.events import Error, Event, Preview
from nst_client.failure import Failure
from nst_client.live_preview import LivePreview
from nst_client.painted_region import PaintedRegion, PaintedRegions
from nst_client.region_preview import RegionPreview

PICTURE = Pixels(8, 8, 3, "u8", bytes(192))
LEFT = Pixels(8, 8, 1, "u8", bytes([255] * 4 + [0] * 4) * 8)
REQUEST: EngineRequest = {
    "styles": ["/good.png"],
    "options": {"strength": 0.5, "style_scale": 1.0},
    "quality": "good",
    "model": "auto",
    "device": "auto",
}


class Job:
    def __init__(self, good: bool) -> None:
        self.events: list[Event] = (
            [Preview(PICTURE), Done(PICTURE, False, {})] if good else [Error("picture", "it is damaged", "")]
        )

    def poll(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    def cancel(self) -> None:
        self.events = []


def paint(_content: Pixels, request: EngineRequest) -> Any:
    return Job(request["styles"] == ["/good.png"])


def test_after_a_region_that_cannot_be_painted_nothing_waits() -> None:
    """Editors poll until the preview is complete, and paint the variations then."""
    preview = RegionPreview(LivePreview(paint))
    given = PaintedRegions([PaintedRegion(LEFT, "/good.png", 0.5)])
    preview.show(PICTURE, {**REQUEST, "styles": ["/bad.png"]}, given)
    assert [preview.update(), preview.complete] == [None, False]
    with pytest.raises(Failure, match="damaged"):
        preview.update()
    assert preview.complete
    preview.show(PICTURE, REQUEST, PaintedRegions())
    assert [found for found in (preview.update() for _ in range(3)) if found is not None] == [PICTURE]
