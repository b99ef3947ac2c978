"""How a frame is painted from the one before."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from support.clips import STEP, scene
from support.networks import vgg_network

from nst_onnx.jobs.video import VideoOptions, frame_painter, optimised_frames
from nst_onnx.jobs.video.frame_masks import FrameMasks
from nst_onnx.jobs.video.painted_frame import PaintedFrame
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.painting import Painting
from nst_onnx.picture import read

pytest.importorskip("cv2", reason='needs the extra "video"')

HEIGHT, WIDTH = 160, 240  # large enough for half of it to be worth painting


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg19"))


class Watched(Painting):
    """A painting that is remembered with what it was asked to be."""

    seen: list[Watched]

    def __init__(self, *asked: Any, fine: bool = True) -> None:
        super().__init__(*asked, fine=fine)
        self.asked_options: VideoOptions = asked[3]
        self.held: Temporal | None = asked[4] if len(asked) > 4 else None
        Watched.seen.append(self)


def test_a_frame_that_follows(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    Watched.seen = []
    monkeypatch.setattr(optimised_frames, "Painting", Watched)
    options = VideoOptions(size=(WIDTH, HEIGHT), steps=6, frame_steps=3, temporal_weight=2.0)
    frames = [frame.astype(np.float32) / 255 for frame in scene(2, seed=1, shape=(HEIGHT, WIDTH))]
    style = read(scene(1, seed=9, shape=(HEIGHT, WIDTH))[0])
    at_work = frame_painter.FramePainter(network, [style], FrameMasks(options))
    told: list[tuple[int, int]] = []

    def tell(iteration: int, iterations: int, losses: Any) -> None:
        told.append((iteration, iterations))

    first = at_work.paint(frames[0], tell)
    assert first.starts_scene
    assert told[-1] == (6, 6)
    told.clear()
    second = at_work.paint(frames[1], tell)
    assert not second.starts_scene
    assert second.loss == first.loss
    assert told == [(n, 6) for n in range(1, 7)]  # three at half the size, three at the full
    _, coarse, fine = Watched.seen
    assert coarse.plan.shapes == ((HEIGHT // 2, WIDTH // 2),)
    assert fine.plan.shapes == ((HEIGHT, WIDTH),)
    for picture in (first.picture, second.picture):
        assert picture.shape == (HEIGHT, WIDTH, 3)
        assert picture.dtype == np.float32
        np.testing.assert_array_equal(picture, np.rint(picture * 255).astype(np.uint8) / np.float32(255))

    # With this weight, UNIT_DIFFERENCE grey levels cost twice the loss of the first frame.
    held = fine.held
    assert held is not None
    assert held.weight * (optimised_frames.UNIT_DIFFERENCE / 255) ** 2 == pytest.approx(2.0 * first.loss)
    # It starts from the frame before where that can be trusted, and there only.
    start = fine.asked_options.init
    trusted = held.trust > 0  # all that was in sight in a scene's first frame is held
    assert 0.5 < trusted.mean() < 1
    np.testing.assert_array_equal(start[trusted], held.warped[trusted])
    assert np.abs(start - held.warped)[~trusted].mean() > 0.01


def test_what_comes_into_sight_has_the_colours_of_the_painting(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start there is the film's own picture, but with the mean colour that it has been painted in."""
    Watched.seen = []
    monkeypatch.setattr(optimised_frames, "Painting", Watched)
    options = VideoOptions(size=(96, 64), steps=2, frame_steps=1)
    frames = [frame.astype(np.float32) / 255 for frame in scene(2, seed=1, shape=(64, 96))]
    at_work = frame_painter.FramePainter(network, [read(scene(1, seed=9)[0])], FrameMasks(options))
    red = np.clip(frames[0] * (0.5, 0.2, 0.2) + (0.5, 0, 0), 0, 1).astype(np.float32)
    at_work.skip(frames[0], PaintedFrame(red, True, 1.0))
    at_work.paint(frames[1], lambda *_: None)
    (only,) = Watched.seen  # too small for half of it
    assert only.held is not None
    unknown = only.held.trust == 0
    expected = frames[1] * (0.5, 0.2, 0.2) + (0.5, 0, 0)
    found = only.asked_options.init
    assert np.abs(found - expected)[unknown].mean() < 0.03
    assert np.abs(found - frames[1])[unknown].mean() > 0.1


def test_what_has_come_into_sight_is_held_more_and_more(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    Watched.seen = []
    monkeypatch.setattr(optimised_frames, "Painting", Watched)
    options = VideoOptions(size=(96, 64), steps=2, frame_steps=1)
    count = frame_painter.MATURE_AGE + 3
    frames = [frame.astype(np.float32) / 255 for frame in scene(count, seed=1, shape=(64, 96))]
    at_work = frame_painter.FramePainter(network, [read(scene(1, seed=9)[0])], FrameMasks(options))
    for frame in frames:
        at_work.paint(frame, lambda *_: None)
    held = [watched.held.trust for watched in Watched.seen if watched.held is not None]
    assert len(held) == count - 1

    def holding(number: int) -> float:
        """How much the strip is held that came into sight with the second frame, at the right edge."""
        right = 96 - STEP * number
        return float(held[number][16:48, right - STEP : right].mean())

    strengths = [holding(number) for number in range(count - 1)]
    assert strengths[0] == 0
    assert strengths[1] < 0.1
    assert all(later > earlier for earlier, later in pairwise(strengths[1 : frame_painter.MATURE_AGE]))
    assert strengths[-1] > 0.9
    assert held[3][16:48, 16:48].mean() > 0.95  # what was there from the beginning


def test_going_on_holds_as_if_it_had_not_stopped(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimised_frames, "Painting", Watched)
    options = VideoOptions(size=(96, 64), steps=2, frame_steps=1)
    frames = [frame.astype(np.float32) / 255 for frame in scene(4, seed=1, shape=(64, 96))]
    style = read(scene(1, seed=9)[0])
    found = []
    for kept in (0, 3):
        Watched.seen = []
        at_work = frame_painter.FramePainter(network, [style], FrameMasks(options))
        done: list[PaintedFrame] = []
        for frame in frames:
            done.append(at_work.paint(frame, lambda *_: None))
        if kept:
            at_work = frame_painter.FramePainter(network, [style], FrameMasks(options))
            for frame, painted in zip(frames[:kept], done, strict=False):
                at_work.skip(frame, painted)
            at_work.paint(frames[kept], lambda *_: None)
        held = Watched.seen[-1].held
        assert held is not None
        found.append(held)
    np.testing.assert_array_equal(found[0].trust, found[1].trust)
    np.testing.assert_array_equal(found[0].warped, found[1].warped)
