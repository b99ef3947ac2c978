"""How a picture is cut: every position in one core, with all that it sees in its window."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nst_onnx.errors import OptionError
from nst_onnx.graph.receptive_field import AxisField
from nst_onnx.objective.tiles.layout import Halo, Layout, Span, layout, spans

HALOS = st.builds(Halo, st.sampled_from([1, 2, 3, 6, 8, 16]), st.integers(0, 90), st.integers(0, 90))


def cut(length: int, longest: int, halo: Halo) -> list[Span]:
    """The spans; inputs that have none are not looked at further."""
    try:
        return spans(length, longest, halo)
    except OptionError:
        assume(False)
        raise


@given(st.integers(1, 3000), st.integers(1, 1200), HALOS)
@example(292, 200, Halo(16, 78, 80))
@example(65, 64, Halo(1, 0, 0))
def test_cores_are_a_partition_and_windows_alike(length: int, longest: int, halo: Halo) -> None:
    found = cut(length, longest, halo)
    assert [span.first for span in found] == [0, *(span.end for span in found[:-1])]
    assert found[-1].end == length
    assert all(span.first < span.end for span in found)
    window = found[0].stop
    assert window == length if len(found) == 1 else window <= longest
    for span in found:
        assert 0 <= span.start <= span.first
        assert span.end <= span.stop <= length
        assert span.stop - span.start == window
        assert span.first % halo.stride == span.start % halo.stride == 0
    assert window % halo.stride == length % halo.stride


@given(st.integers(1, 3000), st.integers(1, 1200), HALOS)
def test_cores_have_their_halo_or_the_border(length: int, longest: int, halo: Halo) -> None:
    for span in cut(length, longest, halo):
        assert span.start == 0 or span.first - span.start >= halo.before
        assert span.stop == length or span.stop - span.end >= halo.after


@given(st.integers(200, 3000), st.integers(1, 1200), HALOS)
def test_too_short_windows_are_refused(length: int, longest: int, halo: Halo) -> None:
    """Exactly where no window of that length has room for one position and its halo on both sides."""
    window = longest - (longest - length) % halo.stride
    before = math.ceil(halo.before / halo.stride) * halo.stride
    room = (window - halo.after) // halo.stride * halo.stride - before
    if length <= longest or room >= halo.stride:
        assert spans(length, longest, halo)
        return
    with pytest.raises(OptionError, match=f"tiles of {longest} pixels are too small") as caught:
        spans(length, longest, halo)
    assert "memory" in caught.value.hint


REACHES = st.builds(
    lambda stride, first, span: AxisField(stride, first, first + span),
    st.sampled_from([1, 2, 4, 6]),
    st.integers(-40, 10),
    st.integers(0, 60),
)


@given(st.lists(REACHES, min_size=1))
def test_a_halo_holds_what_every_layer_sees(reaches: list[AxisField]) -> None:
    """A core from `first` to `end` has the positions whose first pixel is in it; `first` is a multiple."""
    halo = Halo.of(reaches)
    first, end = 5 * halo.stride, 8 * halo.stride
    for reach in reaches:
        assert halo.stride % reach.stride == 0
        seen = [
            p * reach.stride + n
            for p in range(first // reach.stride, end // reach.stride)
            for n in (reach.first, reach.last)
        ]
        assert first - halo.before <= min(seen)
        assert max(seen) < end + halo.after


def laid(shape: tuple[int, int], margin: int, pixels: int, halos: tuple[Halo, Halo]) -> Layout:
    try:
        return layout(shape, margin, pixels, halos)
    except OptionError:
        assume(False)
        raise


SHAPES = st.tuples(st.integers(20, 600), st.integers(20, 600))
LAYOUTS = st.builds(laid, SHAPES, st.sampled_from([0, 16]), st.integers(2000, 90000), st.tuples(HALOS, HALOS))


@given(LAYOUTS)
def test_bands_answer_for_every_row_once(found: Layout) -> None:
    rows = [row for band in range(len(found.bands)) for row in range(found.shape[0])[found.own_rows(band)]]
    assert rows == list(range(found.shape[0]))


THIN = tuple(spans(20 + 2 * 16, 3, Halo(1, 0, 0)))


@given(LAYOUTS)
@example(Layout((20, 20), 16, THIN, THIN))  # with windows that lie in the margin altogether
def test_bands_have_the_rows_that_their_windows_see(found: Layout) -> None:
    """Of the picture; where a window lies outside, in the margin, it repeats the outermost row."""
    height = found.shape[0]
    for band, span in enumerate(found.bands):
        rows = range(height)[found.rows(band)]
        seen = {min(max(row - found.margin, 0), height - 1) for row in range(span.start, span.stop)}
        assert set(rows) == seen


@given(SHAPES, st.sampled_from([0, 16]), st.integers(2000, 90000), st.tuples(HALOS, HALOS))
def test_tiles_are_no_larger_than_asked(
    shape: tuple[int, int], margin: int, pixels: int, halos: tuple[Halo, Halo]
) -> None:
    found = laid(shape, margin, pixels, halos)
    height, width = found.window
    assert height * width <= pixels
    assert found.bands[-1].stop == shape[0] + 2 * margin
    assert found.columns[-1].stop == shape[1] + 2 * margin + found.extension
    seen = len(found.bands) * len(found.columns) * height * width
    assert found.excess == pytest.approx(seen / ((shape[0] + 2 * margin) * (shape[1] + 2 * margin)))


def test_what_fits_is_one_tile() -> None:
    found = layout((300, 200), 16, 332 * 232, (Halo(16, 80, 80),) * 2)
    assert (found.window, found.excess) == ((332, 232), 1)


@given(SHAPES, st.integers(4000, 90000), st.integers(0, 20), st.sampled_from([1, 2, 4, 8, 16]))
def test_widths_are_multiples_of_16_where_no_core_sees_the_end_of_the_margin(
    shape: tuple[int, int], pixels: int, reach: int, stride: int
) -> None:
    """The halo after the last position of the picture, which begins a whole stride before the margin."""
    found = laid(shape, 16, pixels, (Halo(stride, reach, reach),) * 2)
    width = shape[1] + 2 * 16
    if reach + stride - 1 <= 16:
        assert found.window[1] % 16 == 0
        assert found.extension == -width % 16
        assert found.congruent == (found.window[0], found.window[1] - found.extension)
    else:
        assert found.extension == 0
        assert found.congruent == found.window


def test_too_little_memory_for_any_tile() -> None:
    with pytest.raises(OptionError, match="not enough memory for a single tile") as caught:
        layout((3000, 2000), 16, 150 * 150, (Halo(16, 80, 80),) * 2)
    assert "--max-memory" in caught.value.hint


@given(SHAPES, st.integers(1, 5))
def test_as_many_bands_as_asked(shape: tuple[int, int], wanted: int) -> None:
    halo = Halo(8, 10, 10)
    assume(shape[0] > 8 * 8 * wanted)
    assert len(layout(shape, 0, 600 * 600, (halo, halo), wanted).bands) == wanted


def test_large_pictures_are_not_computed_many_times_over() -> None:
    """Halos cost: less than as if tiles of the given size lay side by side, each with its halo."""
    halo, pixels = Halo(16, 80, 80), 512**2
    found = layout((32768, 6144), 16, pixels, (halo, halo))
    side = math.isqrt(pixels)
    assert found.excess <= (side / (side - halo.before - halo.after - halo.stride)) ** 2
