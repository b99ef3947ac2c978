"""Coarse to fine: sizes and shares of steps."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from nst_onnx import pyramid

SIDES = st.integers(1, 5000)


@given(height=SIDES, width=SIDES)
def test_levels_grow_steadily_to_the_final_shape(height: int, width: int) -> None:
    levels = pyramid.shapes((height, width))
    assert levels[-1] == (height, width)
    for (h, w), (taller, wider) in itertools.pairwise(levels):
        assert 1 <= h <= taller
        assert 1 <= w <= wider
        assert max(h, w) < max(taller, wider) <= 1.51 * max(h, w) + 2


@given(height=SIDES, width=SIDES)
def test_levels_begin_small_but_not_tiny(height: int, width: int) -> None:
    first = pyramid.shapes((height, width))[0]
    if min(height, width) >= 64 and max(height, width) < 4 * min(height, width):
        assert max(first) < 2 * pyramid.COARSEST
    if len(pyramid.shapes((height, width))) > 1:
        assert min(first) >= 31


@given(more=st.integers(0, 3000), count=st.integers(1, 12))
def test_steps_are_shared_evenly(more: int, count: int) -> None:
    shares = pyramid.shares(count + more, [(10, 10)] * count)
    assert sum(shares) == count + more
    assert min(shares) >= 1
    assert max(shares) - min(shares) <= 1
