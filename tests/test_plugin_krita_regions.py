"""Regions in Krita: the masks of what is painted, and the spot of the preview; no Krita is needed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from support.stand_ins import krita_plug_in

ALL = slice(None)
SOFT, HARD, KEPT = bytes([0, 128, 255, 255]), bytes([255, 255, 0, 0]), bytes([0, 0, 255, 0])


@pytest.fixture
def plug_in() -> Iterator[Any]:
    with krita_plug_in():
        yield lambda name: importlib.import_module(f"neural_style.{name}")


def row(module: Any, mask: bytes, **facts: Any) -> Any:
    return module.Row(SimpleNamespace(label="place", mask=lambda _document, _part: mask), **facts)


def masks(module: Any, *rows: Any, rest_kept: bool) -> Any:
    return module.RegionMasks(None, module.Regions(rows, rest_kept, True), module.Rectangle(0, 0, 4, 1))


def test_the_masks_of_layers_and_of_their_group_are_what_is_painted(plug_in: Any) -> None:
    module = plug_in("region_masks")
    rows = (row(module, HARD, style="/a.png"), row(module, KEPT, keep=True))
    given = masks(module, *rows, rest_kept=False)
    assert [mask for _, mask in given.layers()] == [None, HARD]
    assert given.not_kept() == given.painted(ALL) == bytes([255, 255, 0, 255])
    given = masks(module, *(row(module, SOFT, style="/a.png") for _ in range(2)), rows[1], rest_kept=True)
    assert [mask for _, mask in given.layers()] == [SOFT, bytes([0, 0, 255, 255])]
    assert given.not_kept() == bytes([255, 255, 0, 255])
    assert given.painted(ALL) == bytes([0, 128, 0, 255])
    given = masks(module, *(row(module, SOFT, style="/a.png") for _ in range(2)), rest_kept=False)
    assert [mask for _, mask in given.layers()] == [None, SOFT, SOFT]
    assert given.not_kept() is given.painted(ALL) is None


def test_only_the_pixels_asked_for_are_computed(plug_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start none are: soft masks of many megapixels take seconds."""
    module = plug_in("region_masks")
    rows = (row(module, SOFT, style="/a.png"), row(module, SOFT, keep=True))
    computed: list[int] = []
    product = module.product
    monkeypatch.setattr(module, "product", lambda factors: computed.append(len(factors)) or product(factors))
    given = masks(module, *rows, rest_kept=True)
    given.regions()
    assert computed == []
    assert (
        given.painted(slice(0, 2)) + given.painted(slice(2, 4)) == given.painted(ALL) == bytes([0, 63, 0, 0])
    )


@pytest.mark.parametrize(
    ("apart", "output", "mask"),
    [(True, "new-layer", None), (False, "new-layer", SOFT), (True, "replace", SOFT)],
)
def test_the_masks_of_layers_are_not_applied_to_what_they_hide(
    plug_in: Any, monkeypatch: pytest.MonkeyPatch, apart: bool, output: str, mask: bytes | None
) -> None:
    """A soft mask that is applied twice hides too much."""
    module = plug_in("outcome")
    whole = plug_in("nst_client.region").Rectangle(0, 0, 4, 1)
    region = plug_in("region").Region(whole, whole, whole, None)
    monkeypatch.setattr(module, "_active", lambda: (MagicMock(), MagicMock()))
    monkeypatch.setattr(module, "region", lambda *_given, whole: region)
    monkeypatch.setattr(module, "_copy_of", lambda *_given: None)
    monkeypatch.setattr(module, "_replaceable", lambda _layer: True)
    given = module.Regions((row(plug_in("region_masks"), SOFT, style="/a.png"),), True, apart)
    request = {"styles": ["/b.png"], "options": {"strength": 0.5}, "quality": "good"}
    assert module.Outcome(output, request, {}, given)._region.mask_of(whole) == mask


@pytest.mark.parametrize(
    ("selected", "regions", "spot"),
    [(None, [], 960), ((400, 300, 400, 300), [], 400), ((400, 300, 400, 300), ["one"], 960)],
)
def test_a_spot_is_as_large_as_what_is_selected_is_painted(
    plug_in: Any, monkeypatch: pytest.MonkeyPatch, selected: Any, regions: list[str], spot: int
) -> None:
    """Of 1200 × 900 pixels at a size of 400; with regions the selection is no limit."""
    module = plug_in("looks")
    document, layer = MagicMock(), MagicMock()
    for of, sides in ((document, (0, 0, 1200, 900)), (document.selection(), selected or (0, 0, 0, 0))):
        of.xOffset.return_value, of.yOffset.return_value = sides[:2]
        for name, side in zip(("x", "y", "width", "height"), sides, strict=True):
            getattr(of, name).return_value = side
            if of is document:
                getattr(layer.bounds(), name).return_value = side
    document.selection().pixelData.return_value = b"\xff" * 120_000
    if selected is None:
        document.selection.return_value = None
    seen: list[Any] = []
    monkeypatch.setattr(module, "layer_image", lambda _layer, part, _side: seen.append(part))
    monkeypatch.setattr(module, "pixels_of", MagicMock())
    looks = module.Looks.__new__(module.Looks)
    looks._spot, looks._painter, looks._previews = (0.5, 0.5), MagicMock(), MagicMock()
    looks._painter.live.size_of = lambda _request, longest: min(400, longest)
    looks._previews.of.return_value = MagicMock(), []
    looks._regions = MagicMock(rows=regions)
    view = looks._view(document, layer, None, {"styles": [], "options": {"style_scale": 1.0}})
    assert (seen[0].width, seen[0].height) == (spot, spot * 3 // 4)
    assert view.request["options"]["style_scale"] == 1.25
