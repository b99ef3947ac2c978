"""Films in one pass: one style vector a scene, frames steadied along the flow, and resumed bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.clips import scene

from nst_onnx.feedforward import gallery
from nst_onnx.feedforward.painter import Painter
from nst_onnx.jobs.video import VideoOptions, one_pass_frames
from nst_onnx.jobs.video.frame_masks import FrameMasks
from nst_onnx.jobs.video.frame_painter import FramePainter
from nst_onnx.jobs.video.optical_flow import backward_flow
from nst_onnx.jobs.video.painted_frame import PaintedFrame, quantise
from nst_onnx.models import catalogue
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.network_choice import Networks
from nst_onnx.painting.one_pass import OnePass
from nst_onnx.picture import Picture, read
from nst_onnx.runtime import choose

pytest.importorskip("cv2", reason='needs the extra "video"')

SHAPE = 64, 96
SIZE = 96, 64
STYLE = read(scene(1, seed=9, shape=SHAPE)[0])


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.load(catalogue.locate(catalogue.SHIPPED), choose("cpu"))


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    return [frame.astype(np.float32) / 255 for frame in scene(4, seed=1, shape=SHAPE)]


def nothing(*_: Any) -> None:
    """Take no notice of progress."""


def painted(network: Network, frames: list[np.ndarray], **options: Any) -> list[PaintedFrame]:
    painter = FramePainter(
        network, [STYLE], FrameMasks(VideoOptions(size=SIZE, quality="instant", **options))
    )
    return [painter.paint(frame, nothing) for frame in frames]


def alone(network: Network, frame: np.ndarray) -> np.ndarray:
    options = VideoOptions(size=SIZE, quality="instant")
    feedforward = Networks.of(network).feedforward(network)
    return OnePass(*feedforward, network, Picture(frame, None, "frame", 8), [STYLE], options).result().array


def test_a_frame_is_the_least_weighted_difference_from_painted_and_warped(
    network: Network, frames: list[np.ndarray]
) -> None:
    first, second = painted(network, frames[:2], temporal_weight=3.0)
    assert first.starts_scene
    assert np.array_equal(first.picture, quantise(alone(network, frames[0])))
    flow = backward_flow(frames[0], frames[1])
    weight = one_pass_frames.STEADINESS * 3.0 * flow.reliable[..., None]
    assert 0.3 < flow.reliable.mean() < 1
    new = alone(network, frames[1])
    expected = (new + weight * flow.warp(first.picture)) / (1 + weight)
    assert np.abs(second.picture - expected).max() < 0.51 / 255
    assert np.abs(expected - new).max() > 0.05


def test_without_temporal_weight_frames_are_independent(network: Network, frames: list[np.ndarray]) -> None:
    found = painted(network, frames[:3], temporal_weight=0.0)
    for frame, one in zip(frames, found, strict=False):
        assert np.array_equal(one.picture, quantise(alone(network, frame)))


@pytest.mark.parametrize("quality", ["instant", "fitted"])
def test_resuming_paints_the_same_bits(network: Network, frames: list[np.ndarray], quality: Any) -> None:
    options = VideoOptions(size=SIZE, quality=quality, steps=3)
    painter = FramePainter(network, [STYLE], FrameMasks(options))
    whole = [painter.paint(frame, nothing) for frame in frames[:3]]
    resumed = FramePainter(network, [STYLE], FrameMasks(options))
    for frame, one in zip(frames[:2], whole, strict=False):
        resumed.skip(frame, one)
    assert np.array_equal(resumed.paint(frames[2], nothing).picture, whole[2].picture)


def test_a_scene_is_fitted_once(
    network: Network, frames: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    derivatives: list[int] = []
    backward = Painter.backward
    monkeypatch.setattr(Painter, "backward", lambda *given: derivatives.append(1) or backward(*given))
    options = VideoOptions(size=SIZE, quality="fitted", steps=3)
    painter = FramePainter(network, [STYLE], FrameMasks(options))
    reported: list[tuple[int, int]] = []
    for frame in frames[:3]:
        painter.paint(frame, lambda iteration, iterations, losses: reported.append((iteration, iterations)))
    assert len(derivatives) == 3
    assert reported == [(1, 3), (2, 3), (3, 3), (1, 1), (1, 1)]


def test_fitted_frames_may_keep_colours(network: Network, frames: list[np.ndarray]) -> None:
    options = VideoOptions(size=SIZE, quality="fitted", steps=2, preserve_colour="covariance")
    painter = FramePainter(network, [STYLE], FrameMasks(options))
    assert len([painter.paint(frame, nothing) for frame in frames[:2]]) == 2


def test_a_learned_style_needs_no_quality(network: Network, frames: list[np.ndarray]) -> None:
    style = gallery.find("breakers")
    assert style is not None
    painter = FramePainter(network, [style], FrameMasks(VideoOptions(size=SIZE)))
    found = [painter.paint(frame, nothing) for frame in frames[:2]]
    assert [one.starts_scene for one in found] == [True, False]
