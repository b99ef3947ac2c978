from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from support import exporter

crops = exporter.module("distil.crops")
Collection = exporter.module("distil.pictures").Collection


def flat(value: int, size: tuple[int, int] = (60, 80)) -> np.ndarray:
    return np.full((*size, 3), value, np.uint8)


def batch(source: object, count: int, seed: int = 0) -> np.ndarray:
    return source.batch(count, np.random.default_rng(seed))


def test_form_and_range() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    found = batch(crops.Crops([Collection((noise,), 1.0)], 16), 200)
    assert (found.shape, found.dtype) == ((200, 3, 16, 16), np.float32)
    assert found.min() == np.float32(crops.RANGE[0])
    assert found.max() == np.float32(crops.RANGE[1])


def test_a_seed_gives_the_same_crops_again() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    source = crops.Crops([Collection((noise, flat(9)), 1.0)], 16)
    np.testing.assert_array_equal(batch(source, 8), batch(source, 8))
    assert (batch(source, 8) != batch(source, 8, seed=1)).any()


def test_collections_have_their_shares() -> None:
    source = crops.Crops([Collection((flat(0),), 0.8), Collection((flat(255),), 0.2)], 8)
    bright = np.median(batch(source, 2000), axis=(1, 2, 3)) > 0.5
    # The standard deviation of such a mean is under 0.01; contrast changes do not cross the middle.
    assert abs(bright.mean() - 0.2) < 0.05


def test_crops_hold_the_picture_at_several_scales() -> None:
    """On a ramp the difference between neighbours tells how many source pixels a crop's pixel stands for."""
    ramp = np.broadcast_to(np.arange(240, dtype=np.uint8)[None, :, None], (240, 240, 3))
    found = batch(crops.Crops([Collection((ramp,), 1.0)], 32), 400)
    steps = np.abs(np.median((found[..., 27] - found[..., 4]) / 23, axis=(1, 2))) * 255
    for scale in set(crops.SHRINKING):
        assert (np.abs(steps - scale) < 0.05).sum() > 20, scale


def test_a_picture_smaller_than_the_crop_is_enlarged() -> None:
    assert batch(crops.Crops([Collection((flat(128, (10, 12)),), 1.0)], 16), 4).shape == (4, 3, 16, 16)


def variations(vary: str, crop: np.ndarray, count: int = 400) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [getattr(crops, vary)(crop, rng) for _ in range(count)]


def left_alone(found: list[np.ndarray], crop: np.ndarray) -> float:
    return float(np.mean([np.array_equal(each, crop) for each in found]))


def test_colours_become_paler_and_stronger_and_greys_stay() -> None:
    rng = np.random.default_rng(1)
    crop = 0.5 + 0.1 * (rng.random((8, 8, 3)) - 0.5)  # three times as strong it still fits into 0..1
    grey = crop.mean(2, keepdims=True)
    found = variations("_saturate", crop)
    assert 0.5 < left_alone(found, crop) < 1
    factors = [np.std(each - grey) / np.std(crop - grey) for each in found]
    for each, factor in zip(found, factors, strict=True):
        np.testing.assert_allclose(each, grey + (crop - grey) * factor, atol=1e-9)
    assert min(factors) < 0.3
    assert max(factors) > 2.7
    strong = rng.random((8, 8, 3))
    assert all(0 <= each.min() <= each.max() <= 1 for each in variations("_saturate", strong))


def test_some_crops_are_what_jpeg_leaves_of_them() -> None:
    """JPEG's own: the harder it presses the more is lost, and a plain crop loses nothing to speak of."""
    noise = np.random.default_rng(1).random((16, 16, 3)).astype(np.float32)
    found = variations("_compress", noise)
    assert 0.7 < left_alone(found, noise) < 1
    lost = [np.abs(each - noise).mean() for each in found if not np.array_equal(each, noise)]
    assert len({round(float(loss), 6) for loss in lost}) > 10  # many qualities
    assert min(lost) > 1 / 255
    plain = np.full((16, 16, 3), 0.5, np.float32)
    assert max(np.abs(each - plain).max() for each in variations("_compress", plain)) < 1.5 / 255


@pytest.mark.parametrize("quality", [15, 89])
def test_compression_takes_values_beyond_the_range_for_its_ends(quality: int) -> None:
    pressing = SimpleNamespace(random=lambda: 0.0, integers=lambda low, high: quality)
    for value, end in ((-0.1, 0), (1.1, 1)):
        crop = np.full((16, 16, 3), value)
        np.testing.assert_allclose(crops._compress(crop, pressing), end, atol=2.5 / 255)
