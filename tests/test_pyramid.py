"""Coarse to fine: sizes and shares of steps."""

import itertools
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from nst_onnx.painting import pyramid

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


LEVELS = st.builds(lambda height, width: pyramid.shapes((height, width)), SIDES, SIDES)
LARGE = st.builds(lambda height, width: pyramid.shapes((height, width)), SIDES, st.integers(2000, 40000))
SETTLED = 1024


def finest_settled(levels: list[pyramid.Shape]) -> int:
    """Return the place of the largest level of up to 1024 pixels, -1 where there is none."""
    return sum(max(level) <= SETTLED for level in levels) - 1


@given(more=st.integers(0, 3000), levels=LEVELS)
def test_coarse_levels_get_a_fifth_of_the_steps_of_the_one_they_prepare(
    more: int, levels: list[pyramid.Shape]
) -> None:
    shares = pyramid.shares(4 * len(levels) + more, levels)
    settled = finest_settled(levels)
    for share in shares[: max(settled, 0)]:
        assert abs((share - 4) - 0.2 * (shares[settled] - 4)) <= 1


def test_the_shares_of_common_sizes() -> None:
    """Exactly: the page shares steps by floating-point numbers."""
    assert pyramid.shares(80, pyramid.shapes((384, 512))) == [12, 12, 12, 44]
    assert pyramid.shares(40, pyramid.shapes((288, 384))) == [8, 8, 24]
    assert pyramid.shares(80, pyramid.shapes((384, 512)), coarse=Fraction(1)) == [20, 20, 20, 20]


@given(more=st.integers(0, 3000), levels=st.one_of(LEVELS, LARGE))
def test_every_step_is_shared_out(more: int, levels: list[pyramid.Shape]) -> None:
    shares = pyramid.shares(len(levels) + more, levels)
    assert sum(shares) == len(levels) + more
    assert min(shares) >= min(4, sum(shares) // len(levels))


@given(more=st.integers(500, 3000), levels=LARGE, fine=st.sampled_from([Fraction(1), Fraction(1, 2)]))
def test_large_levels_get_less_the_larger_they_are(
    more: int, levels: list[pyramid.Shape], fine: Fraction
) -> None:
    beyond_four = [share - 4 for share in pyramid.shares(4 * len(levels) + more, levels, fine=fine)]
    weights = [
        min(1.0, SETTLED / max(level)) ** 2 * (1 if max(level) <= SETTLED else fine) for level in levels
    ]
    for number in range(finest_settled(levels)):
        weights[number] = 0.2
    for share, weight in zip(beyond_four, weights, strict=True):
        assert abs(share - more * weight / sum(weights)) <= 1
