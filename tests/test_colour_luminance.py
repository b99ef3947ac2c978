from __future__ import annotations

import numpy as np
import pytest

from nst_onnx.errors import OptionError
from nst_onnx.picture.colour import oklab, transfer_luminance


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((12, 15, 3), dtype=np.float32), rng.random((12, 15, 3), dtype=np.float32)


def test_of_a_picture_and_itself_nothing_changes(pair):
    np.testing.assert_allclose(transfer_luminance(pair[0], pair[0]), pair[0], atol=2e-4)


def test_lightness_is_the_stylised_pictures(pair):
    stylised, content = pair
    result = oklab.from_srgb(transfer_luminance(stylised, content))
    np.testing.assert_allclose(result[..., 0], oklab.from_srgb(stylised)[..., 0], atol=0.01)


def test_colour_is_the_contents_where_srgb_can_show_it():
    rng = np.random.default_rng(0)
    stylised = (0.45 + 0.1 * rng.random((12, 15, 3))).astype(np.float32)
    content = (0.45 + 0.1 * rng.random((12, 15, 3))).astype(np.float32)
    result = oklab.from_srgb(transfer_luminance(stylised, content))
    np.testing.assert_allclose(result[..., 1:], oklab.from_srgb(content)[..., 1:], atol=1e-5)


def test_gray_content_makes_a_gray_picture(pair):
    gray = np.repeat(pair[1][..., :1], 3, axis=2)
    assert np.ptp(transfer_luminance(pair[0], gray), axis=2).max() < 1e-4


def test_black_stays_black_and_white_white_whatever_the_colour(pair):
    for value in (0, 1):
        even = np.full_like(pair[1], value)
        np.testing.assert_allclose(transfer_luminance(even, pair[1]), even, atol=2e-3)


def test_inputs_are_left_alone(pair):
    before = [array.copy() for array in pair]
    transfer_luminance(*pair)
    for array, copy in zip(pair, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_shapes_must_agree(pair):
    with pytest.raises(OptionError, match=r"\(12, 15, 3\)"):
        transfer_luminance(pair[0], pair[1][:3])
