"""Colour transfer: the mean and covariance of one picture's colours for another."""

from __future__ import annotations

import numpy as np
import pytest
from support.pictures import smooth_picture

from nst_onnx.picture import resize
from nst_onnx.picture.colour import Colours, oklab, transfer_chroma, transfer_colours
from nst_onnx.picture.colour.transfer import LOW, low_frequencies
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array


def soft(seed: int, height: int = 96, width: int = 128) -> Array:
    """Return a picture of soft colours well within sRGB, so that no colour is clipped."""
    picture = np.asarray(smooth_picture(height, width, seed), np.float32) / 255
    return np.float32(0.5) + np.float32(0.15) * (picture - np.float32(0.5))


def test_transfer_gives_the_targets_mean_and_covariance() -> None:
    target = Colours.of(soft(2, 50, 70))
    found = Colours.of(transfer_colours(soft(1), target))
    np.testing.assert_allclose(found.mean, target.mean, atol=1e-4)
    np.testing.assert_allclose(found.covariance, target.covariance, atol=1e-5)


def test_a_picture_in_its_own_colours_stays() -> None:
    np.testing.assert_allclose(transfer_colours(soft(1), Colours.of(soft(1))), soft(1), atol=1e-4)


def test_transparent_pixels_do_not_count() -> None:
    picture, weights = soft(1), np.ones((96, 128), np.float32)
    picture[:, 64:], weights[:, 64:] = (1, 0, 0), 0
    alone, target = soft(1)[:, :64], Colours.of(soft(2))
    found = transfer_colours(picture, target, weights=weights)[:, :64]
    np.testing.assert_allclose(found, transfer_colours(alone, target), atol=1e-5)


def test_styles_blend_by_weight() -> None:
    one, other = Colours.of(soft(1)), Colours.of(soft(2))
    blended = Colours.blended([one, other], [3, 1])
    np.testing.assert_allclose(blended.mean, 0.75 * one.mean + 0.25 * other.mean)
    np.testing.assert_allclose(blended.covariance, 0.75 * one.covariance + 0.25 * other.covariance)
    np.testing.assert_allclose(Colours.blended([one, other], None).mean, (one.mean + other.mean) / 2)


def chroma(picture: Array, target: Colours, weights: Array | None = None) -> Array:
    return transfer_chroma(picture, target, weights=weights, out=np.empty_like(picture))


def test_low_frequencies_take_the_targets_chroma() -> None:
    target = Colours.of(low_frequencies(soft(2)))
    found = Colours.of(low_frequencies(chroma(soft(1), target)))
    np.testing.assert_allclose(found.mean[1:], target.mean[1:], atol=1e-3)
    np.testing.assert_allclose(found.covariance[1:, 1:], target.covariance[1:, 1:], atol=5e-5)


def test_lightness_stays() -> None:
    picture = soft(1)
    found = chroma(picture, Colours.of(low_frequencies(soft(2))))
    np.testing.assert_allclose(oklab.from_srgb(found)[..., 0], oklab.from_srgb(picture)[..., 0], atol=1e-4)


def test_fine_colour_stays() -> None:
    """Stripes of one pixel keep their contrast of colour, for which an affine map of all pixels would not."""
    picture = np.full((96, 128, 3), 0.5, np.float32) + np.float32(0.2) * (soft(1) - np.float32(0.5))
    picture[:, ::2, 0] += np.float32(0.05)
    difference = np.diff(oklab.from_srgb(picture)[..., 1], axis=1)
    narrow = Colours(np.array([0.6, 0.0, 0.0]), np.zeros((3, 3)))
    found = np.diff(oklab.from_srgb(chroma(picture, narrow))[..., 1], axis=1)
    assert np.abs(difference).mean() > 0.005
    assert np.abs(found).mean() == pytest.approx(np.abs(difference).mean(), rel=0.1)


def test_weights_count_in_the_low_frequencies() -> None:
    picture, weights = soft(1), np.ones((96, 128), np.float32)
    picture[:, 64:], weights[:, 64:] = (1, 0, 0), 0
    target = Colours.of(low_frequencies(soft(2)))
    found = oklab.from_srgb(chroma(picture, target, weights)[:, :56]).mean((0, 1))
    np.testing.assert_allclose(found[1:], target.mean[1:], atol=0.01)


def test_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, target = soft(1), Colours.of(soft(2))
    whole = transfer_colours(picture, target), chroma(picture, target)
    monkeypatch.setattr(disk_arrays, "STRIP_BYTES", 10_000)
    parts = transfer_colours(picture, target), chroma(picture, target)
    np.testing.assert_allclose(parts, whole, atol=1e-6)


def test_a_small_picture_is_its_own_low_frequencies() -> None:
    picture = resize(soft(1), (LOW // 2, LOW))
    assert low_frequencies(picture) is picture
