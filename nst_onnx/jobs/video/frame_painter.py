"""Paints the frames of a video in order: each starts from the warped previous one, with a temporal loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nst_onnx.jobs.video.optical_flow import BackwardFlow, backward_flow
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import pyramid
from nst_onnx.painting.painting import Painting
from nst_onnx.picture import Picture, resize
from nst_onnx.picture.colour import match_covariance
from nst_onnx.support.arrays import Array

Callback = Callable[[int, int, Mapping[str, float]], None]
"""Called after every evaluation with the evaluations of this frame so far, their total, and the losses."""

UNIT_DIFFERENCE = 6.0  # grey levels: the temporal difference that costs as much as the first frame's losses
MATURE_AGE = 6  # frames until a disoccluded pixel has its full temporal weight: a few steps do not finish it


@dataclass(frozen=True, eq=False)
class PaintedFrame:
    """A painted frame.

    `picture`: float32 H×W×3 in 0..1. `starts_scene`: True for the first frame of a scene. `loss`: the total
    loss of that first frame.
    """

    picture: Array
    starts_scene: bool
    loss: float


@dataclass(frozen=True, eq=False)
class _Previous:
    """The previous frame of the video, and its painting.

    `maturity`: float32 H×W in 0..1, the number of frames that each pixel has been visible / MATURE_AGE.
    """

    frame: Array
    painted: PaintedFrame
    maturity: Array


class FramePainter:
    """Paints the frames of a video in order, with one network whose sessions are reused."""

    def __init__(self, network: Network, styles: Sequence[Picture], options: VideoOptions) -> None:
        self._network, self._styles, self._options = network, styles, options
        self._previous: _Previous | None = None

    def skip(self, frame: Array, painted: PaintedFrame) -> None:
        """Skip a frame that an earlier run has painted; the next one starts from it."""
        self._set_previous(frame, painted, None if painted.starts_scene else self._flow_to(frame))

    def paint(self, frame: Array, callback: Callback) -> PaintedFrame:
        """Paint the next frame, float32 H×W×3 in 0..1. Raises NstError."""
        flow = self._flow_to(frame)
        if self._previous is None or flow is None:
            painted = self._paint_first(frame, callback)
        else:
            painted = self._paint_next(frame, flow, self._previous, callback)
        self._set_previous(frame, painted, flow)
        return painted

    def _flow_to(self, frame: Array) -> BackwardFlow | None:
        """Return the flow from a frame to the previous one; None if there is none, or a cut between them."""
        if self._previous is None:
            return None
        flow = backward_flow(self._previous.frame, frame)
        return None if flow.cut else flow

    def _set_previous(self, frame: Array, painted: PaintedFrame, flow: BackwardFlow | None) -> None:
        maturity = np.ones(frame.shape[:2], np.float32)
        if flow is not None and self._previous is not None:
            maturity = flow.reliable * np.minimum(flow.warp(self._previous.maturity) + 1 / MATURE_AGE, 1)
        self._previous = _Previous(frame, painted, maturity.astype(np.float32))

    def _paint_first(self, frame: Array, callback: Callback) -> PaintedFrame:
        """Paint the first frame of a scene, like a single picture."""
        painting = Painting(self._network, _content(frame), self._styles, self._options, fine=False)
        for _ in painting.advance():
            callback(painting.iteration, painting.schedule.evaluations, painting.descent.losses)
        return PaintedFrame(quantise(painting.picture()), True, painting.descent.best_losses["total"])

    def _paint_next(
        self, frame: Array, flow: BackwardFlow, previous: _Previous, callback: Callback
    ) -> PaintedFrame:
        """Paint a frame that follows another one, at half and then at full size.

        Reliable pixels start from the warped previous painting at both sizes. Only unreliable pixels start
        from the half-size result, where a few steps change more; detail above half the size's resolution
        comes from the video's own frame.
        """
        warped, steps = flow.warp(previous.painted.picture), self._options.frame_steps
        weight = self._options.temporal_weight * previous.painted.loss * (255 / UNIT_DIFFERENCE) ** 2
        temporal = Temporal(warped, flow.reliable * flow.warp(previous.maturity), weight)
        reliable = flow.reliable[..., None] > 0
        recoloured = match_covariance(
            frame, warped, style_weights=flow.reliable, content_weights=flow.reliable
        )
        picture, detail = recoloured, np.zeros_like(recoloured)
        shape = (frame.shape[0], frame.shape[1])
        levels = pyramid.shapes(shape, ratio=2)[-2:]
        for level, (height, width) in enumerate(levels):
            start = np.where(reliable, warped, np.clip(resize(picture, shape) + detail, 0, 1))
            options = replace(self._options, size=(width, height), init=start, pyramid=False, steps=steps)
            painting = Painting(self._network, _content(frame), self._styles, options, temporal)
            for _ in painting.advance():
                callback(level * steps + painting.iteration, len(levels) * steps, painting.descent.losses)
            picture = painting.picture()
            detail = recoloured - resize(resize(recoloured, (height, width)), shape)
        return PaintedFrame(quantise(picture), False, previous.painted.loss)


def _content(frame: Array) -> Picture:
    return Picture(frame, None, "frame", 8)


def quantise(picture: Array) -> Array:
    """Return a picture in 8-bit grey levels, within 0..1: it keeps its bits when it is stored as PNG."""
    return np.divide(np.rint(np.clip(picture, 0, 1) * 255), 255, dtype=np.float32)
