"""Which part of a layer is painted, and how much around it is seen."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.failure import Failure
from nst_client.region import COMFORTABLE, SMALLEST, Rectangle, check_size, surroundings

SIDE = st.integers(-50, 50)
rectangles = st.builds(Rectangle, SIDE, SIDE, st.integers(1, 60), st.integers(1, 60))


def pixels(part: Rectangle) -> set[tuple[int, int]]:
    columns, rows = range(part.x, part.x + part.width), range(part.y, part.y + part.height)
    return {(x, y) for x in columns for y in rows}


@given(rectangles, rectangles)
def test_within_is_what_both_have(one: Rectangle, other: Rectangle) -> None:
    both = one.within(other)
    assert pixels(both) == pixels(one) & pixels(other)
    assert both.empty == (not pixels(both))


@given(rectangles, rectangles)
def test_the_surroundings_hold_what_is_painted_and_end_with_the_layer(
    there: Rectangle, part: Rectangle
) -> None:
    painted = part.within(there)
    if painted.empty:
        return
    if min(there.width, there.height) < SMALLEST:
        with pytest.raises(Failure, match="layer is too small"):
            surroundings(painted, there)
        return
    seen = surroundings(painted, there)
    assert min(seen.width, seen.height) >= SMALLEST
    assert pixels(painted) <= pixels(seen) <= pixels(there)


@given(rectangles, st.integers(1, 4000))
def test_bands_are_all_of_it_once(part: Rectangle, at_once: int) -> None:
    bands = list(part.bands(at_once))
    assert sorted(pixel for band in bands for pixel in pixels(band)) == sorted(pixels(part))
    assert all(band.width * band.height <= max(at_once, part.width) for band in bands)


def test_the_surroundings_are_an_eighth_of_the_longer_side() -> None:
    seen = surroundings(Rectangle(100, 200, 80, 40), Rectangle(0, 0, 1000, 1000))
    assert seen == Rectangle(90, 190, 100, 60)
    assert Rectangle(100, 200, 80, 40).seen_from(seen) == Rectangle(10, 10, 80, 40)


def test_a_single_pixel_is_seen_in_the_middle_of_its_surroundings() -> None:
    seen = surroundings(Rectangle(100, 200, 1, 1), Rectangle(0, 0, 1000, 1000))
    assert min(seen.width, seen.height) >= COMFORTABLE
    around = Rectangle(100, 200, 1, 1).seen_from(seen)
    assert (around.x, around.y) == (seen.width - around.x - 1, seen.height - around.y - 1)


def test_a_size_must_leave_enough_of_the_shorter_side() -> None:
    for width, height in ((8, 8000), (8000, 8)):
        with pytest.raises(Failure, match="too narrow for this size"):
            check_size(width, height, 512)
        check_size(width, height, 8000)
    check_size(SMALLEST, SMALLEST, 512)
