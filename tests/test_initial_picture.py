"""What the optimisation starts from: each preset's published noise."""

import numpy as np
import pytest

from nst_onnx.models.metadata import CAFFE, TORCHVISION, Preprocessing
from nst_onnx.painting.initial_picture import mean_colour, noise, style_noise
from nst_onnx.painting.presets.preset import Noise
from nst_onnx.support import disk_arrays

CONTENT = np.random.default_rng(1).random((64, 80, 3)).astype(np.float32)
MEAN_RGB = np.array([123.68, 116.779, 103.939])  # Caffe's, in grey levels


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_mean_colour_is_what_the_network_subtracts() -> None:
    np.testing.assert_allclose(mean_colour(CAFFE) * 255, MEAN_RGB)
    np.testing.assert_allclose(mean_colour(TORCHVISION), TORCHVISION.mean)


@pytest.mark.parametrize("preprocessing", [CAFFE, TORCHVISION])
def test_network_sees_zero_at_its_mean_colour(preprocessing: Preprocessing) -> None:
    matrix, offset = preprocessing.affine()
    np.testing.assert_allclose(matrix @ mean_colour(preprocessing) + offset, 0, atol=1e-9)


def test_white_noise_covers_all_colours_evenly() -> None:
    values = noise("white", CONTENT, rng(), CAFFE)
    counts = np.histogram(values, bins=8, range=(0, 1))[0] / values.size
    np.testing.assert_allclose(counts, 1 / 8, atol=0.01)


def test_mixed_noise_is_the_courses() -> None:
    """In the mean-subtracted domain: 0.6 U(−20, 20) + 0.4 content."""
    generated = 255 * noise("mixed", CONTENT, rng(), CAFFE).astype(np.float64) - MEAN_RGB
    left = generated - 0.4 * (255 * CONTENT - MEAN_RGB)
    assert np.abs(left).max() <= 0.6 * 20 + 1e-3
    assert left.mean() == pytest.approx(0, abs=0.2)
    assert left.std() == pytest.approx(0.6 * 40 / np.sqrt(12), rel=0.02)


def test_shifted_noise_is_narayanans() -> None:
    """In the mean-subtracted domain: U(0, 255) − 128."""
    generated = 255 * noise("shifted", CONTENT, rng(), CAFFE).astype(np.float64) - MEAN_RGB
    assert generated.min() >= -128 - 1e-3
    assert generated.max() <= 127 + 1e-3
    assert generated.std() == pytest.approx(255 / np.sqrt(12), rel=0.02)


def test_faint_noise_is_neural_styles() -> None:
    """In the mean-subtracted domain: 0.001 N(0, 1)."""
    generated = noise("faint", CONTENT, rng(), CAFFE).astype(np.float64) - MEAN_RGB / 255
    assert 255 * generated.std() == pytest.approx(0.001, rel=0.02)
    assert 255 * generated.mean() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("kind", ["white", "mixed", "shifted", "faint"])
def test_strips_make_no_difference(kind: Noise, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, of_styles = noise(kind, CONTENT, rng(), CAFFE), style_noise([CONTENT], None, (30, 20), rng())
    monkeypatch.setattr(disk_arrays, "STRIP_BYTES", 7 * CONTENT[0].nbytes)
    on_disk = disk_arrays.empty(CONTENT.shape, on_disk=True)
    assert noise(kind, CONTENT, rng(), CAFFE, on_disk) is on_disk
    np.testing.assert_array_equal(on_disk, whole)
    np.testing.assert_allclose(style_noise([CONTENT], None, (30, 20), rng()), of_styles, atol=1e-6)


def test_style_noise_has_the_styles_colours() -> None:
    """Mean and covariance of one style; of two, their weighted blend."""
    mix = np.array([[0.08, 0.02, 0], [0, 0.05, 0.03], [0.02, 0, 0.06]])
    one, two = (
        (centre + rng().standard_normal((50, 60, 3)) @ mix).astype(np.float32) for centre in (0.4, 0.6)
    )
    made = style_noise([one], None, (200, 200), rng()).reshape(-1, 3)
    np.testing.assert_allclose(made.mean(0), one.reshape(-1, 3).mean(0), atol=2e-3)
    np.testing.assert_allclose(np.cov(made.T), np.cov(one.reshape(-1, 3).T), atol=3e-4)
    blended = style_noise([one, two], [1, 3], (200, 200), rng()).reshape(-1, 3)
    expected = (one.reshape(-1, 3).mean(0) + 3 * two.reshape(-1, 3).mean(0)) / 4
    np.testing.assert_allclose(blended.mean(0), expected, atol=2e-3)


def test_a_single_pixel_of_style_will_do() -> None:
    made = style_noise([np.full((1, 1, 3), 0.3, np.float32)], None, (4, 5), rng())
    np.testing.assert_allclose(made, 0.3, atol=1e-6)
