from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_onnx.errors import OptionError
from nst_onnx.picture import fit, resize


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 4000))
def test_fit_has_the_longest_side_and_the_aspect(height, width, longest):
    new = fit((height, width), longest)
    assert max(new) == longest
    assert min(new) >= 1
    scale = longest / max(height, width)
    for side, old in zip(new, (height, width), strict=True):
        assert abs(side - max(1, old * scale)) <= 0.5 + 1e-9


@pytest.mark.parametrize("longest", [0, -3])
def test_fit_refuses_no_size(longest):
    with pytest.raises(OptionError, match="at least 1 pixel"):
        fit((3, 4), longest)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (-1, 3)])
def test_resize_refuses_no_size(shape):
    with pytest.raises(OptionError, match="cannot be resized"):
        resize(np.zeros((3, 3), np.float32), shape)


@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
@pytest.mark.parametrize("shape", [(1, 1), (7, 90), (40, 3), (20, 30)])
def test_shape_and_type(channels, shape):
    array = np.random.default_rng(0).random((20, 30, *channels), dtype=np.float32)
    resized = resize(array, shape)
    assert resized.shape == (*shape, *channels)
    assert resized.dtype == np.float32
    assert resized.min() >= 0
    assert resized.max() <= 1


@given(st.floats(0, 1, width=32), st.integers(1, 40), st.integers(1, 40))
def test_an_even_colour_stays(value, height, width):
    resized = resize(np.full((9, 13, 3), value, np.float32), (height, width))
    np.testing.assert_allclose(resized, value, atol=2e-6)


def test_the_same_size_changes_nothing():
    array = np.random.default_rng(0).random((20, 30, 3), dtype=np.float32)
    np.testing.assert_array_equal(resize(array, (20, 30)), array)


def test_float_precision_is_kept():
    """Steps far below 8 bits survive: the resampling is not done in bytes."""
    ramp = np.linspace(0.5, 0.501, 64, dtype=np.float32)[None, :].repeat(8, axis=0)
    resized = resize(ramp, (8, 32))
    assert (np.diff(resized[0]) > 0).all()
    np.testing.assert_allclose(resized[0, 4:-4], ramp[0].reshape(32, 2).mean(axis=1)[4:-4], atol=1e-6)


def test_reducing_does_not_alias():
    """Single-pixel stripes become even gray, not stripes of another width."""
    stripes = np.tile(np.float32([0, 1]), (100, 50))
    reduced = resize(stripes, (33, 33))
    np.testing.assert_allclose(reduced[8:-8, 8:-8], 0.5, atol=0.06)


def test_overshoot_is_clipped():
    edge = np.zeros((16, 16), np.float32)
    edge[:, 8:] = 1
    enlarged = resize(edge, (64, 64))
    assert enlarged.min() == 0
    assert enlarged.max() == 1


def test_a_smooth_picture_survives_enlarging_and_reducing():
    down, across = np.mgrid[0:32, 0:32] / 31
    smooth = np.stack([down, across, 0.5 + 0.4 * np.sin(5 * down)], axis=-1).astype(np.float32)
    back = resize(resize(smooth, (128, 96)), (32, 32))
    np.testing.assert_allclose(back[2:-2, 2:-2], smooth[2:-2, 2:-2], atol=0.01)
