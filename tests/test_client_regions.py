"""Regions in the plug-ins' client: the request, the live preview of each, their outlines; and textures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from support.checkout import ROOT
from support.editor import COMMAND, picture

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import Done, Engine, Pixels
from nst_client.blending import blended, in_bytes
from nst_client.choices import EngineRequest
from nst_client.events import Event, Preview
from nst_client.failure import Failure
from nst_client.live_preview import LivePreview
from nst_client.outline import colour_of, outlined
from nst_client.painted_region import PaintedRegion, PaintedRegions, with_regions
from nst_client.pixels import without_pixels
from nst_client.region_preview import RegionPreview

HEIGHT, WIDTH = 40, 60
CONTENT = Pixels(WIDTH, HEIGHT, 3, "u8", picture(HEIGHT, WIDTH, 1, 3, "u8").tobytes())


def half(left: bool) -> Pixels:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    return Pixels(WIDTH, HEIGHT, 1, "u8", (mask if left else 255 - mask).tobytes(), "half")


def array_of(found: Pixels) -> npt.NDArray[Any]:
    dtype = {"u8": np.uint8, "f32": np.float32}[found.type]
    return np.frombuffer(found.data, dtype).reshape(found.height, found.width, found.channels)


def request(**changed: Any) -> EngineRequest:
    given: Any = {
        "styles": ["/a.png"],
        "options": {"strength": 0.5, "style_scale": 1.0},
        "quality": "good",
        "model": "auto",
        "device": "auto",
        **changed,
    }
    return given


def test_a_request_names_regions_and_what_is_kept() -> None:
    given = PaintedRegions((PaintedRegion(half(True), "/b.png", 0.8), PaintedRegion(half(False), "", 0.5)))
    found = with_regions(request(), given)
    assert found["styles"] == ["/a.png"]
    regions = [{"mask": half(True), "styles": [{"path": "/b.png"}], "strength": 0.8}]
    assert found["options"]["regions"] == regions
    assert found["options"]["keep"] == half(False)
    assert without_pixels(found["options"]) == request()["options"]
    assert with_regions(request(), PaintedRegions()) == request()


def test_a_rest_that_is_kept_has_no_style() -> None:
    given = PaintedRegions((PaintedRegion(half(True), "/b.png", 0.8),), rest_kept=True)
    blend = request(options={"strength": 1.0, "style_weights": [0.5, 0.5]})
    found = with_regions(blend, given)
    assert found["styles"] == []
    assert "style_weights" not in found["options"]
    assert float(str(found["options"]["strength"])) < 1, "own strengths need a photo to be weighed by"


@pytest.mark.parametrize(
    ("changed", "region", "rest_kept", "message"),
    [
        ({}, PaintedRegion(half(True), "", 0.5), True, "nothing is left to paint"),
        (
            {"quality": "instant"},
            PaintedRegion(half(True), "/b.png", 0.5),
            False,
            "one pass knows no regions",
        ),
        ({}, PaintedRegion(half(True), "/b.nst", 0.5), False, "learned style"),
        ({"styles": ["/a.nst"]}, PaintedRegion(half(True), "/b.png", 0.5), False, "learned style"),
    ],
)
def test_what_regions_cannot_be(
    changed: dict[str, Any], region: PaintedRegion, rest_kept: bool, message: str
) -> None:
    with pytest.raises(Failure) as caught:
        with_regions(request(**changed), PaintedRegions((region,), rest_kept))
    assert message in str(caught.value).lower()


def test_pictures_are_blended_by_a_mask() -> None:
    below, above = array_of(CONTENT), 255 - array_of(CONTENT)
    grey = np.full((HEIGHT, WIDTH), 64, np.uint8)
    top = Pixels(WIDTH, HEIGHT, 3, "u8", above.tobytes())
    found = array_of(blended(CONTENT, top, Pixels(WIDTH, HEIGHT, 1, "u8", grey.tobytes())))
    expected = np.rint((above * 64.0 + below * 191.0) / 255)
    assert np.abs(found - expected).max() <= 1
    np.testing.assert_array_equal(array_of(blended(CONTENT, top, half(True)))[:, :30], above[:, :30])
    np.testing.assert_array_equal(array_of(blended(CONTENT, top, half(True)))[:, 30:], below[:, 30:])


def test_a_picture_in_bytes() -> None:
    samples = np.array([[[0.0, 0.5, 1.0, 0.2], [-1.0, np.nan, 2.0, 1.0]]], np.float32)
    found = in_bytes(Pixels(2, 1, 4, "f32", samples.tobytes()))
    assert (found.channels, list(found.data)) == (3, [0, 128, 255, 0, 0, 255])
    assert in_bytes(CONTENT) == Pixels(WIDTH, HEIGHT, 3, "u8", CONTENT.data)


def test_an_outline_is_where_the_mask_ends() -> None:
    black = Pixels(WIDTH, HEIGHT, 3, "u8", bytes(3 * WIDTH * HEIGHT))
    found = array_of(outlined(black, [half(True)]))
    coloured = (found == colour_of(0)).all(axis=2)
    assert coloured[:, 30].all()
    assert coloured.sum() == HEIGHT, "nothing else, at no border of the picture"
    other_size = Pixels(2, 2, 1, "u8", bytes(4))
    assert outlined(black, [other_size]).data == black.data


class FakeJob:
    def __init__(self, shown: Pixels, *notices: str) -> None:
        self.events: list[Event] = [Preview(shown), Done(shown, False, {}, notices=list(notices))]

    def poll(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    def cancel(self) -> None:
        self.events = []


def flat(level: int) -> Pixels:
    return Pixels(WIDTH, HEIGHT, 3, "u8", bytes([level]) * (3 * WIDTH * HEIGHT))


def test_each_region_is_shown_in_its_place() -> None:
    asked: list[EngineRequest] = []

    def paint(_content: Pixels, given: EngineRequest) -> Any:
        asked.append(given)
        return FakeJob(flat({"/a.png": 10, "/b.png": 200}[given["styles"][0]]))

    preview = RegionPreview(LivePreview(paint))
    preview.show(CONTENT, request(), PaintedRegions((PaintedRegion(half(True), "/b.png", 0.8),)))
    shown = [found for found in (preview.update() for _ in range(6)) if found is not None]
    assert preview.complete
    assert [given["styles"] for given in asked] == [["/a.png"], ["/b.png"]]
    assert [given["options"]["strength"] for given in asked] == [0.5, 0.8]
    assert (array_of(shown[-1])[:, :30] == 200).all()
    assert (array_of(shown[-1])[:, 30:] == 10).all()
    kept = PaintedRegions((PaintedRegion(half(False), "", 0.5),))
    preview.show(CONTENT, request(), kept)
    shown = [found for found in (preview.update() for _ in range(6)) if found is not None]
    assert (array_of(shown[-1])[:, :30] == 10).all()
    np.testing.assert_array_equal(array_of(shown[-1])[:, 30:], array_of(CONTENT)[:, 30:])
    preview.stop()


def test_the_notices_of_all_regions_are_told_until_a_newer_picture_has_others() -> None:
    def paint(_content: Pixels, given: EngineRequest) -> Any:
        return FakeJob(flat(10), *([given["styles"][0]] if given["styles"] != ["/c.png"] else []))

    preview = RegionPreview(LivePreview(paint))
    some = PaintedRegions((PaintedRegion(half(True), "/b.png", 0.8),))
    preview.show(CONTENT, request(), some)
    for _ in range(6):
        preview.update()
    assert preview.notices == ["/a.png", "/b.png"]
    preview.show(CONTENT, request(styles=["/c.png"]), PaintedRegions())
    preview.update()  # begins
    assert preview.notices == ["/a.png", "/b.png"], "of the picture that is still shown"
    preview.update()
    assert preview.notices == []
    preview.show(CONTENT, request(), PaintedRegions())
    preview.update()
    preview.show(CONTENT, request(styles=["/c.png"]), PaintedRegions())
    for _ in range(4):
        preview.update()
        assert preview.notices == [], "not those of the picture before"


def test_a_style_that_cannot_be_painted_has_no_notices_of_the_one_before() -> None:
    def paint(_content: Pixels, given: EngineRequest) -> Any:
        if given["styles"] == ["/damaged.png"]:
            raise Failure("it is damaged")
        return FakeJob(flat(10), "its frame is cropped")

    preview = RegionPreview(LivePreview(paint))
    preview.show(CONTENT, request(), PaintedRegions())
    for _ in range(2):
        preview.update()
    assert preview.notices == ["its frame is cropped"]
    preview.show(CONTENT, request(styles=["/damaged.png"]), PaintedRegions())
    with pytest.raises(Failure):
        preview.update()
    assert preview.notices == []


@pytest.mark.parametrize("regions", [(), (PaintedRegion(half(True), "", 0.5),)])
def test_a_spot_that_stays_as_it_is_shows_the_photo(regions: tuple[PaintedRegion, ...]) -> None:
    def paint(_content: Pixels, given: EngineRequest) -> Any:
        raise AssertionError(f"nothing is painted there, but {given['styles']}")

    preview = RegionPreview(LivePreview(paint))
    preview.show(CONTENT, request(), PaintedRegions(regions, rest_kept=True))
    assert preview.complete
    shown = preview.update()
    assert shown is not None
    np.testing.assert_array_equal(array_of(shown), array_of(CONTENT))
    assert preview.update() is None, "it is shown once"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(COMMAND, folder=str(tmp_path)) as engine:
        yield engine


@pytest.fixture
def styles(tmp_path: Path) -> list[str]:
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for number, path in enumerate(paths):
        Image.fromarray(picture(48, 48, 3 + number, 3, "u8")).save(path)
    return [*map(str, paths)]


def test_a_real_engine_paints_regions_and_keeps_the_rest(engine: Engine, styles: list[str]) -> None:
    given = PaintedRegions((PaintedRegion(half(True), styles[1], 0.9),), rest_kept=True)
    options = {"strength": 0.5, "style_scale": 1.0, "size": 60, "steps": 3}
    asked = with_regions(request(styles=[styles[0]], options=options, quality="fast"), given)
    last = engine.stylize(CONTENT, **asked).wait(60)
    assert isinstance(last, Done), last
    painted, photo = array_of(last.picture), array_of(CONTENT) / 255.0
    np.testing.assert_allclose(painted[:, 30:], photo[:, 30:], atol=1e-6)
    assert np.abs(painted[:, :30] - photo[:, :30]).mean() > 0.01
    answer = engine.forecast(WIDTH, HEIGHT, asked).get(timeout=60)
    assert answer["seconds"] > 0


def test_a_real_engine_paints_a_texture(engine: Engine, styles: list[str]) -> None:
    job = engine.texture([styles[0]], {"size": [48, 32], "steps": 3}, seamless=True, model="compact")
    last = job.wait(60)
    assert isinstance(last, Done), last
    assert (last.picture.width, last.picture.height) == (48, 32)
    assert last.settings["seamless"] is True
    refused = engine.texture([styles[0]], {"size": [48, 32], "strength": 0.5}).wait(60)
    assert "no photo" in getattr(refused, "message", "")
