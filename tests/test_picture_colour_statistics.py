from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from nst_onnx.errors import OptionError
from nst_onnx.picture.colour import match_covariance, match_histogram, oklab, statistics
from nst_onnx.support import disk_arrays

MATCHERS = [match_covariance, match_histogram]


def picture(seed: int, shape=(40, 50), *, spread=0.03) -> np.ndarray:
    """Correlated colours that stay well within 0..1, and vary in every direction."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    noise = np.clip(rng.normal(size=(*shape, 3)), -2, 2) * [spread, spread / 1.5, spread / 2]
    return (0.5 + 0.1 * rng.uniform(-1, 1, 3) + noise @ turn.T).astype(np.float32)


def moments(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = array.reshape(-1, 3).astype(float)
    return flat.mean(axis=0), np.cov(flat.T, bias=True)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_mean_and_covariance_become_the_contents(a, b):
    style, content = picture(a), picture(b, (30, 20))
    recoloured = match_covariance(style, content)
    for ours, theirs in zip(moments(recoloured), moments(content), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_transform_is_that_of_the_paper():
    """A = Σ_C^½ Σ_S^-½ with scipy's matrix square root, pixel by pixel."""
    style, content = picture(1), picture(2)
    (style_mean, style_covariance), (content_mean, content_covariance) = moments(style), moments(content)
    transform = scipy.linalg.sqrtm(content_covariance) @ np.linalg.inv(scipy.linalg.sqrtm(style_covariance))
    expected = np.clip(np.einsum("ij,hwj->hwi", transform, style - style_mean) + content_mean, 0, 1)
    np.testing.assert_allclose(match_covariance(style, content), expected, atol=1e-5)


@pytest.mark.parametrize("match", MATCHERS)
def test_a_picture_matched_to_itself_stays(match):
    style = picture(3)
    np.testing.assert_allclose(match(style, style), style, atol=3e-4)


@pytest.mark.parametrize("match", MATCHERS)
def test_only_the_distribution_of_the_contents_colours_matters(match):
    style, content = picture(1), picture(2)
    shuffled = np.random.default_rng(0).permutation(content.reshape(-1, 3)).reshape(25, 80, 3)
    np.testing.assert_allclose(match(style, shuffled), match(style, content), atol=1e-5)


@pytest.mark.parametrize("match", MATCHERS)
def test_same_input_same_output(match):
    np.testing.assert_array_equal(match(picture(1), picture(2)), match(picture(1), picture(2)))


@pytest.mark.parametrize("match", MATCHERS)
def test_strips_and_place_make_no_difference(match, monkeypatch):
    style, content = picture(1), picture(2)
    mask = np.random.default_rng(0).random(style.shape[:2], np.float32)
    whole = match(style, content, style_weights=mask)
    monkeypatch.setattr(disk_arrays, "STRIP_BYTES", 3 * style[0].nbytes)
    on_disk = disk_arrays.empty(style.shape, on_disk=True)
    on_disk[...] = style
    stripped = match(on_disk, content, style_weights=mask, out=on_disk)
    assert stripped is on_disk
    np.testing.assert_allclose(stripped, whole, atol=1e-6)


def test_histograms_of_large_pictures_are_those_of_a_part(monkeypatch):
    style, content = picture(1, (200, 250)), picture(2, (210, 180))
    whole = match_histogram(style, content)
    monkeypatch.setattr(statistics, "_SAMPLED", 5000)
    difference = np.abs(match_histogram(style, content) - whole)
    assert 0 < np.quantile(difference, 0.95) < 2 / 255


@pytest.mark.parametrize("match", MATCHERS)
def test_an_even_content_makes_an_even_picture(match):
    even = np.full((5, 6, 3), [0.2, 0.5, 0.7], np.float32)
    np.testing.assert_allclose(match(picture(1), even), np.broadcast_to(even[0, 0], (40, 50, 3)), atol=1e-3)


def test_an_even_style_takes_the_contents_middle():
    even, content = np.full((5, 6, 3), 0.3, np.float32), picture(1)
    np.testing.assert_allclose(match_covariance(even, content)[0, 0], moments(content)[0], atol=1e-4)
    median = np.median(oklab.from_srgb(content).reshape(-1, 3), axis=0)
    np.testing.assert_allclose(oklab.from_srgb(match_histogram(even, content))[2, 3], median, atol=1e-3)


def test_a_black_and_white_style_with_a_trace_of_noise_does_not_burst_into_colour():
    rng = np.random.default_rng(0)
    gray = np.repeat(rng.random((40, 50, 1)), 3, axis=2) + rng.normal(size=(40, 50, 3)) * 0.5 / 255
    recoloured = match_covariance(np.clip(gray, 0, 1).astype(np.float32), picture(2, spread=0.1))
    residual = np.linalg.svd((recoloured - recoloured.mean(axis=(0, 1))).reshape(-1, 3), compute_uv=False)
    assert residual[1] < 0.1 * residual[0]


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_histograms_become_the_contents(a, b):
    style, content = picture(a), picture(b)
    matched = oklab.from_srgb(match_histogram(style, content)).reshape(-1, 3)
    wanted = oklab.from_srgb(content).reshape(-1, 3)
    for channel in range(3):
        # As many pixels in both, hardly any equal: sorted values must agree but for the gamut
        difference = np.abs(np.sort(matched[:, channel]) - np.sort(wanted[:, channel]))
        assert np.quantile(difference, 0.95) < 0.005


def test_histogram_matching_keeps_order_and_equality():
    style = np.repeat(np.linspace(0.1, 0.9, 64, dtype=np.float32).reshape(8, 8, 1), 3, axis=2)
    style[3] = style[4]
    lightness = oklab.from_srgb(match_histogram(style, picture(2)))[..., 0]
    order = np.argsort(oklab.from_srgb(style)[..., 0].ravel(), kind="stable")
    assert (np.diff(lightness.ravel()[order]) >= -1e-3).all()
    np.testing.assert_array_equal(lightness[3], lightness[4])


@pytest.mark.parametrize("match", MATCHERS)
def test_pixels_without_weight_do_not_count(match):
    style, content = picture(1), picture(2)
    framed = np.pad(content, ((9, 9), (9, 9), (0, 0)), constant_values=1)
    mask = np.pad(np.ones(content.shape[:2], np.float32), 9)
    np.testing.assert_allclose(match(style, framed, content_weights=mask), match(style, content), atol=1e-5)
    framed_style = np.pad(style, ((9, 9), (9, 9), (0, 0)), constant_values=0)
    inside = match(framed_style, content, style_weights=mask)[9:-9, 9:-9]
    np.testing.assert_allclose(inside, match(style, content), atol=1e-5)


@pytest.mark.parametrize("match", MATCHERS)
def test_a_weight_of_two_is_the_pixel_twice(match):
    style, content = picture(1), picture(2)
    weights = np.ones(content.shape[:2], np.float32)
    weights[:7] = 2
    twice = np.concatenate([content[:7], content])
    np.testing.assert_allclose(match(style, content, content_weights=weights), match(style, twice), atol=1e-5)


@pytest.mark.parametrize("match", MATCHERS)
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros((40, 50), np.float32), "all zero"),
        (np.full((40, 50), -1, np.float32), "negative"),
        (np.full((40, 50), np.nan, np.float32), "negative"),
        (np.ones((40, 51), np.float32), r"\(40, 51\)"),
    ],
)
@pytest.mark.parametrize("which", ["style", "content"])
def test_invalid_weights(match, weights, message, which):
    with pytest.raises(OptionError, match=f"{which}.*{message}"):
        match(picture(1), picture(2), **{f"{which}_weights": weights})


@pytest.mark.parametrize("match", MATCHERS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2)])
def test_tiny_pictures(match, shape):
    for style, content in (
        (picture(1, shape), picture(2)),
        (picture(1), picture(2, shape)),
        (picture(1, shape), picture(2, shape)),
    ):
        recoloured = match(style, content)
        assert recoloured.shape == style.shape
        assert recoloured.dtype == np.float32
        assert np.isfinite(recoloured).all()
        assert recoloured.min() >= 0
        assert recoloured.max() <= 1
