"""Regions as users give them: masks of every kind, strengths, and what stays the photo's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.command import Outcome
from support.regions import HEIGHT, QUICK, WIDTH, left, painted, prepared

import nst_onnx
from nst_onnx import Region
from nst_onnx.picture import read

Nst = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepared(tmp_path, monkeypatch)


@pytest.mark.parametrize("mask", ["left.png", "alpha.png", "enlarged.png", "array"])
def test_every_form_of_a_mask_is_the_same_region(folder: Path, mask: Any) -> None:
    expected = painted(regions=[Region("left.png", "one.png"), Region("rest", "two.png")])
    left().resize((4 * WIDTH, 4 * HEIGHT), Image.Resampling.NEAREST).save("enlarged.png")
    given: Any = mask
    if mask == "array":
        given = np.asarray(left())
    found = painted(regions=[Region(given, "one.png"), Region("rest", "two.png")])
    tolerance = 0.05 if mask == "enlarged.png" else 0  # at its edge
    assert np.abs(found - expected).max() <= tolerance


def test_labels_are_regions(folder: Path) -> None:
    by_masks = painted(regions=[Region("left.png", "one.png"), Region("rest", "two.png")])
    regions = [Region("#3366FF", "one.png"), Region("#00aa00", "two.png")]
    np.testing.assert_array_equal(painted(regions=regions, labels="labels.png"), by_masks)
    np.testing.assert_array_equal(
        painted("two.png", regions=["#3366ff=one.png"], labels="labels.png"), by_masks
    )


def test_the_style_is_that_of_the_rest(folder: Path) -> None:
    np.testing.assert_array_equal(
        painted("two.png", regions=["left.png=one.png"]),
        painted(regions=["left.png=one.png", "rest=two.png"]),
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"init": "noise"},
        {"init": "recoloured"},
        {"colour_transfer": True},
        {"style_statistic": {"moments": 1, "neighbours": 1}},
    ],
    ids=str,
)
def test_what_no_region_covers_stays_the_photo(folder: Path, options: dict[str, Any]) -> None:
    photo = read("photo.png").rgb
    found = painted(regions=["left.png=one.png"], **options)
    np.testing.assert_array_equal(found[:, WIDTH // 2 :], photo[:, WIDTH // 2 :])
    assert np.abs(found - photo)[:, : WIDTH // 2].mean() > 0.01


@pytest.mark.parametrize("statistic", ["moments", "neighbours"])
def test_a_strength_of_its_own(folder: Path, statistic: str) -> None:
    photo = read("photo.png").rgb
    changes = []
    for strength in (0.2, 0.8):
        regions = [Region("left.png", "one.png", strength=strength), Region("rest", "two.png")]
        found = painted(regions=regions, style_statistic=statistic, steps=12)
        changes.append(float(np.abs(found - photo)[:, :24].mean()))
    assert changes[0] < changes[1]


def test_several_styles_of_regions_with_everything(folder: Path) -> None:
    """Weights belong to the main styles; colours and stroke widths are those of all regions together."""
    regions = [Region("left.png", ["one.png", "two.png"], style_weights=np.array([3, 1]))]
    both = ["two.png", "one.png"]
    for options in ({"colour_transfer": True}, {"style_scale": "auto"}, {"init": "style"}):
        painted(both, regions=regions, style_weights=[1, 2], **options)


def test_overlaps_share(folder: Path) -> None:
    everything = np.full((HEIGHT, WIDTH), 255, np.uint8)
    regions = [Region(everything, "one.png"), Region(everything, "two.png")]
    for chosen in ("plain", "inside"):
        result = nst_onnx.stylize("photo.png", regions=regions, guides=chosen, **QUICK)
        shares = [region["share"] for region in result.settings["regions"]]
        assert shares == [0.5, 0.5]
        guides = result.settings["layer_guides"]
        assert len(guides) == 2
        assert all(set(of_region.values()) == {chosen} for of_region in guides.values())


def test_regions_have_strengths_and_scales(folder: Path) -> None:
    photo = np.asarray(Image.open("photo.png"), np.float32) / 255
    changes = []
    for strength in (0.2, 0.8):
        regions = [Region("left.png", "one.png", strength=strength), Region("rest", "one.png")]
        found = painted(regions=regions, steps=12)
        changes.append(float(np.abs(found - photo)[:, :24].mean()))
    assert changes[0] < changes[1]
    scales = [painted(regions=[Region("rest", "one.png", style_scale=scale)]) for scale in (0.5, 1.0)]
    assert np.abs(scales[0] - scales[1]).max() > 0.02


@pytest.mark.parametrize("bits", [8, 16])
def test_what_is_kept_is_bit_identical(folder: Path, bits: int) -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 2**bits, (HEIGHT, WIDTH, 3)).astype(f"uint{bits}")
    result = nst_onnx.stylize(levels, "one.png", keep="left.png", **QUICK)
    result.save("out.png", bits=bits)
    stored = np.rint(read("out.png").rgb * (2**bits - 1)).astype(levels.dtype)
    kept = np.asarray(left()) == 255
    np.testing.assert_array_equal(stored[kept], levels[kept])
    assert (stored[~kept] != levels[~kept]).mean() > 0.9
    assert result.settings["keep"] == "left.png"


def test_a_strength_map_goes_from_the_photo_to_the_painting(folder: Path) -> None:
    ramp = np.repeat(np.linspace(0, 255, WIDTH)[None], HEIGHT, 0)
    ramp[:, :12] = 0
    levels, photo = ramp.astype(np.uint8), read("photo.png").rgb
    found = painted("one.png", strength_map=levels, steps=20)
    np.testing.assert_array_equal(found[:, :12], photo[:, :12])
    change = np.abs(found - photo).mean((0, 2))
    assert change[-16:].mean() > change[12:28].mean()


def test_only_a_part_of_the_style_counts(folder: Path) -> None:
    halves = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    halves[:, : WIDTH // 2] = np.asarray(Image.open("one.png"))[:, : WIDTH // 2]
    halves[:, WIDTH // 2 :] = 200
    found = painted(halves, style_mask="left.png")
    other = halves.copy()
    other[:, WIDTH // 2 :] = 30
    np.testing.assert_array_equal(found, painted(other, style_mask="left.png"))
    assert np.abs(found - painted(halves)).max() > 0.02
    of_region = painted(regions=[Region("rest", halves, style_mask="left.png")])
    assert np.abs(found - of_region).max() < 0.02


def test_a_soft_mask_keeps_in_part(folder: Path) -> None:
    photo, free = read("photo.png").rgb, painted("one.png")
    for level in (64, 204):
        found = painted("one.png", keep=np.full((HEIGHT, WIDTH), level, np.uint8))
        share = level / 255
        assert np.abs(found - photo).mean() < (1 - share + 0.1) * np.abs(free - photo).mean() + 0.02


@pytest.mark.parametrize("quality", ["instant", "fitted", None])
def test_a_style_mask_in_every_quality(folder: Path, quality: Any) -> None:
    halves = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    halves[:, : WIDTH // 2] = np.asarray(Image.open("one.png"))[:, : WIDTH // 2]
    halves[:, WIDTH // 2 :] = 250
    with_mask, without = (
        painted(halves, quality=quality, **options) for options in ({"style_mask": "left.png"}, {})
    )
    assert np.abs(with_mask - without).max() > 0.02


def test_a_style_mask_belongs_to_the_whole_painting(folder: Path) -> None:
    """With its frame, which is then not cropped."""
    framed = np.full((120, 160, 3), 255, np.uint8)
    framed[10:110, 10:150] = np.asarray(Image.open("one.png").resize((140, 100)))
    mask = np.zeros((120, 160), np.uint8)
    mask[10:60, 10:150] = 255
    inside = framed.copy()
    inside[60:110, 10:150] = 7
    options: dict[str, Any] = {"style_mask": mask, "steps": 3}
    np.testing.assert_array_equal(painted(framed, **options), painted(inside, **options))
