from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nst_onnx.errors import PictureError
from nst_onnx.picture import read


@pytest.mark.parametrize(
    ("dtype", "largest", "bits"), [("u1", 255, 8), ("u2", 65535, 16), (">u2", 65535, 16)]
)
@pytest.mark.parametrize("channels", [3, 4])
def test_integers_are_scaled_by_their_largest_value(dtype, largest, bits, channels):
    samples = np.random.default_rng(0).integers(0, largest + 1, (5, 7, channels)).astype(dtype)
    picture = read(samples)
    np.testing.assert_allclose(picture.rgb, samples[..., :3] / largest, atol=1e-7)
    assert picture.rgb.dtype == np.float32
    assert picture.bits == bits
    assert picture.shape == (5, 7)
    assert picture.name == "array"
    if channels == 4:
        np.testing.assert_allclose(picture.alpha, samples[..., 3] / largest, atol=1e-7)
    else:
        assert picture.alpha is None


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floats_are_kept(dtype):
    samples = np.random.default_rng(0).random((5, 7, 3)).astype(dtype)
    np.testing.assert_array_equal(read(samples).rgb, samples.astype(np.float32))


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1)])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_gray_becomes_three_equal_channels(shape, dtype):
    rgb = read(np.ones(shape, dtype)).rgb
    assert rgb.shape == (5, 7, 3)
    assert np.ptp(rgb, axis=2).max() == 0


def test_opaque_alpha_is_none():
    samples = np.zeros((2, 2, 4), np.uint8)
    samples[..., 3] = 255
    assert read(samples).alpha is None


def test_the_callers_array_is_not_shared():
    samples = np.zeros((2, 2, 3), np.float32)
    picture = read(samples)
    samples[:] = 1
    assert picture.rgb.max() == 0


def test_rounding_outside_the_range_is_clipped():
    rgb = read(np.array([[[-1e-6, 0.5, 1 + 1e-6]]], np.float32)).rgb
    assert rgb.min() == 0
    assert rgb.max() == 1


@pytest.mark.parametrize(
    ("array", "message", "hint"),
    [
        (np.full((2, 2, 3), np.nan), "NaN", ""),
        (np.full((2, 2, 3), np.inf), "infinite", ""),
        (np.full((2, 2, 3), 1e300), "infinite", ""),
        (np.full((2, 2, 3), 200.0), "from 200 to 200", "divide it by 255"),
        (np.full((2, 2, 3), 1.5), "from 1.5 to 1.5", "scale it"),
        (np.full((2, 2, 3), -0.5), "from -0.5", "scale it"),
        (np.zeros((2, 2, 3), np.int32), "int32", "uint8"),
        (np.zeros((2, 2, 3), bool), "bool", "uint8"),
        (np.zeros((2, 2, 3), complex), "complex", "uint8"),
        (np.zeros((2, 2, 3), object), "object", "uint8"),
        (np.zeros((2, 2, 5), np.uint8), "2×2×5", "1, 3 or 4 channels"),
        (np.zeros((3, 8, 9), np.uint8), "3×8×9", "channels come last"),
        (np.zeros((1, 2, 2, 3), np.uint8), "1×2×2×3", "not a batch"),
        (np.zeros(5, np.uint8), "shape is 5", "height×width"),
        (np.zeros((), np.uint8), "a single number", "height×width"),
        (np.zeros((0, 4, 3), np.uint8), "no pixels", ""),
        (np.zeros((4, 0, 3), np.float32), "no pixels", ""),
    ],
)
def test_what_is_no_picture_is_refused(array, message, hint):
    with pytest.raises(PictureError, match="content picture given as an array") as caught:
        read(array, what="content picture")
    assert message in str(caught.value)
    assert hint in caught.value.hint


@given(
    hnp.arrays(
        st.sampled_from(["u1", "u2", "f4"]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5),
        elements={"min_value": 0, "max_value": 1},
    )
)
def test_any_shape_is_read_or_refused(array):
    try:
        picture = read(array)
    except PictureError:
        accepted = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
        assert array.size == 0 or not accepted
    else:
        assert picture.rgb.shape == (*array.shape[:2], 3)
        assert picture.rgb.min() >= 0
        assert picture.rgb.max() <= 1
