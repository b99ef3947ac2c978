from __future__ import annotations

import exporter
import numpy as np

crops = exporter.module("training_crops")
Collection = exporter.module("training_pictures").Collection


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
