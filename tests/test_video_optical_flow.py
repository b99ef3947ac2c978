"""Backward optical flow, the mask of its reliable pixels, and cuts."""

from __future__ import annotations

import numpy as np
import pytest
from support.clips import HEIGHT, STEP, WIDTH, scene

from nst_onnx.jobs.video import optical_flow

pytest.importorskip("cv2", reason='needs the extra "video"')


def floats(frame: np.ndarray) -> np.ndarray:
    return frame.astype(np.float32) / 255


def test_a_gliding_camera() -> None:
    before, after = map(floats, scene(2, seed=1))
    found = optical_flow.backward_flow(before, after)
    inner = found.vectors[8:-8, 8 : -8 - STEP]
    assert np.median(np.abs(inner - (STEP, 0))) < 0.1
    assert found.reliable[8:-8, 8 : -8 - STEP].mean() > 0.95
    assert not found.cut
    warped = found.warp(before)
    error = np.abs(warped - after).mean(axis=-1)[found.reliable > 0]
    assert error.mean() < 0.2 * np.abs(before - after).mean()


def test_disoccluded_pixels_are_unreliable() -> None:
    """A square moves 10 pixels to the right over a background at rest, and uncovers some of it."""
    (ground,), (square,) = scene(1, seed=3, shape=(120, 160)), scene(1, seed=4, shape=(56, 56))
    frames = []
    for x in (40, 50):
        frame = floats(ground)
        frame[32:88, x : x + 56] = floats(square)
        frames.append(frame)
    reliable = optical_flow.backward_flow(*frames).reliable
    assert reliable[36:84, 41:49].mean() < 0.1
    assert reliable[:20].mean() > 0.95
    assert reliable[50:70, 70:90].mean() > 0.95  # within the square


def test_pixels_from_outside_the_frame_are_unreliable() -> None:
    steps = np.zeros((8, 10, 2), np.float32)
    steps[..., 0] = 3
    outside = optical_flow.out_of_frame(steps)
    assert outside[:, 7:].all()
    assert not outside[:, :7].any()


def test_there_and_back_again() -> None:
    """|w̃ + ŵ|² > 0.01 (|w̃|² + |ŵ|²) + 0.5, pixel by pixel, for whole steps that stay inside."""
    rng = np.random.default_rng(0)
    height, width = 12, 15
    y, x = np.mgrid[0:height, 0:width]
    targets = rng.integers(0, (width, height), (height, width, 2))
    steps = (targets - np.stack([x, y], axis=-1)).astype(np.float32)
    back = np.where(rng.random((height, width, 1)) < 0.5, -5, 5) * rng.random((height, width, 2))
    back = back.astype(np.float32)
    for row in range(height):  # half of them lead home
        for column in range(0, width, 2):
            tx, ty = targets[row, column]
            back[ty, tx] = -steps[row, column]
    expected = np.zeros((height, width), bool)
    for row in range(height):
        for column in range(width):
            there, tx, ty = steps[row, column], *targets[row, column]
            home = back[ty, tx]
            apart = float(((home + there) ** 2).sum())
            expected[row, column] = apart > 0.01 * float((home**2).sum() + (there**2).sum()) + 0.5
    assert 0.2 < expected.mean() < 0.8
    np.testing.assert_array_equal(optical_flow.disoccluded(steps, back), expected)


def test_where_motions_meet() -> None:
    steps = np.zeros((10, 20, 2), np.float32)
    steps[:, 10:, 0] = 2
    edge = optical_flow.motion_boundary(steps)
    assert edge[:, 9:11].all()
    assert edge.sum() == 20
    zoom = np.stack(np.meshgrid(np.linspace(-0.2, 0.2, 20), np.linspace(-0.1, 0.1, 10)), -1)
    assert not optical_flow.motion_boundary(zoom.astype(np.float32)).any()


@pytest.mark.parametrize("seed", range(4))
def test_cuts(seed: int) -> None:
    (one,), (other,) = scene(1, seed=seed), scene(1, seed=seed + 50)
    assert optical_flow.backward_flow(floats(one), floats(other)).cut
    assert not optical_flow.backward_flow(floats(one), floats(one)).cut


def test_a_cut_between_flat_frames() -> None:
    """Nothing moves there, and both flows agree on it; only the colours tell."""
    dark = np.full((HEIGHT, WIDTH, 3), 0.1, np.float32)
    assert optical_flow.backward_flow(dark, dark + 0.5).cut
    assert not optical_flow.backward_flow(dark, dark + 0.02).cut
