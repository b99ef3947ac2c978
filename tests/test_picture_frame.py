"""Frames around pictures: those that are found, and edges that must not be taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from support.pictures import smooth_picture

from nst_onnx.picture import Picture
from nst_onnx.picture.frame import Border, border, crop
from nst_onnx.support.arrays import Array

COLOURS = [(1, 1, 1), (0, 0, 0), (0.93, 0.9, 0.82), (0.3, 0.2, 0.1)]


def painting(height: int = 160, width: int = 200) -> Array:
    return np.asarray(smooth_picture(height, width, seed=3), np.float32) / np.float32(255)


def picture(rgb: Array, alpha: Array | None = None) -> Picture:
    return Picture(np.ascontiguousarray(rgb, np.float32), alpha, "painting.jpg", 8)


def framed(rgb: Array, depths: Border, colour: tuple[float, ...], noise: float = 0.0) -> Array:
    inner, (height, width) = rgb.copy(), rgb.shape[:2]
    around = np.random.default_rng(0).normal(colour, noise, (height, width, 3)).clip(0, 1)
    rows, columns = np.mgrid[:height, :width]
    outside = (rows < depths.top) | (rows >= height - depths.bottom)
    outside |= (columns < depths.left) | (columns >= width - depths.right)
    inner[outside] = around[outside]
    return inner


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("noise", [0, 0.02])
@pytest.mark.parametrize("depth", [1, 5, 20])
def test_a_border_around_is_found(colour: tuple[float, ...], noise: float, depth: int) -> None:
    """Where the picture beside it has its colour, a few lines more belong to it."""
    expected = Border(depth, depth, depth, depth)
    found = border(picture(framed(painting(), expected, colour, noise)))
    assert all(depth <= at_side <= depth + 3 for at_side in found.depths.values())


def test_sides_may_differ_in_depth() -> None:
    expected = Border(left=12, right=3, top=7, bottom=18)
    assert border(picture(framed(painting(), expected, (1, 1, 1)))) == expected


def test_black_bars_above_and_below_are_found() -> None:
    expected = Border(top=15, bottom=15)
    assert border(picture(framed(painting(), expected, (0, 0, 0)))) == expected


def test_the_margin_of_a_scan_at_one_side_is_found() -> None:
    assert border(picture(framed(painting(), Border(right=4), (1, 1, 1)))) == Border(right=4)


def test_a_strip_of_another_colour_at_one_side_is_none() -> None:
    """It may as well be a wall, a table or the ground."""
    assert not border(picture(framed(painting(), Border(bottom=10), (0.5, 0.4, 0.3))))


def test_a_mat_with_a_line_around_the_picture_is_found() -> None:
    lined = framed(painting(), Border(14, 14, 14, 14), (0.1, 0.1, 0.1))
    assert border(picture(framed(lined, Border(10, 10, 10, 10), (0.95, 0.94, 0.9)))) == Border(14, 14, 14, 14)


@pytest.mark.parametrize("wide", [1, 2, 5])
@pytest.mark.parametrize("turned", [False, True])
def test_stripes_are_none(wide: int, turned: bool) -> None:
    """Behind each border there is another."""
    rgb = np.zeros((160, 200, 3), np.float32)
    rgb[:, np.arange(200) // wide % 2 == 1] = 1
    assert not border(picture(rgb.transpose(1, 0, 2) if turned else rgb))


def test_bare_canvas_that_the_paint_leaves_ragged_is_found() -> None:
    rgb, rng = painting(400, 500), np.random.default_rng(1)
    for column in (slice(0, 9), slice(-9, None)):
        bare = np.sort(rng.random((400, 9)) < 0.75, axis=1)[:, :: 1 if column.start else -1]
        rgb[:, column][bare] = 0.75
    found = border(picture(rgb))
    assert (found.top, found.bottom) == (0, 0)
    assert 7 <= found.left <= 10
    assert 7 <= found.right <= 10


def test_a_painting_without_a_frame_has_none() -> None:
    assert not border(picture(painting()))


def test_an_even_picture_has_none() -> None:
    assert not border(picture(np.full((64, 64, 3), 0.4)))


def test_a_sky_is_none() -> None:
    rgb = painting()
    rgb[:60] = (0.5, 0.7, 0.9)
    assert not border(picture(rgb))


def test_the_white_around_an_object_is_none() -> None:
    rgb, (y, x) = painting(), np.mgrid[-1:1:160j, -1:1:200j]
    rgb[x**2 + y**2 > 0.9] = 1
    assert not border(picture(rgb))


def test_transparency_says_itself_what_counts() -> None:
    rgb = framed(painting(), Border(8, 8, 8, 8), (1, 1, 1))
    assert not border(picture(rgb, np.full(rgb.shape[:2], 0.5, np.float32)))


def test_a_large_picture_loses_its_whole_border() -> None:
    expected = Border(37, 37, 37, 37)
    found = border(picture(framed(painting(1500, 2048), expected, (0, 0, 0))))
    assert all(37 <= depth <= 41 for depth in found.depths.values())


def test_crop_keeps_what_is_inside() -> None:
    rgb, alpha = painting(20, 30), np.arange(600, dtype=np.float32).reshape(20, 30) / 600
    cropped = crop(picture(rgb, alpha), Border(left=1, right=2, top=3, bottom=4))
    np.testing.assert_array_equal(cropped.rgb, rgb[3:16, 1:28])
    assert cropped.alpha is not None
    np.testing.assert_array_equal(cropped.alpha, alpha[3:16, 1:28])
    assert cropped.name == "painting.jpg"


def test_message_names_the_sides() -> None:
    assert str(Border(left=12, bottom=9)) == "12 pixels at the left, 9 at the bottom"
