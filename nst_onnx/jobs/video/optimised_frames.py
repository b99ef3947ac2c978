"""Frames painted by optimisation: each starts from the warped previous one, with a temporal loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nst_onnx.jobs.video.optical_flow import BackwardFlow
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.jobs.video.painted_frame import Callback, PaintedFrame, Previous, as_picture, quantise
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import pyramid
from nst_onnx.painting.painting import Painting
from nst_onnx.picture import Picture, resize
from nst_onnx.picture.colour import match_covariance
from nst_onnx.support.arrays import Array

UNIT_DIFFERENCE = 6.0  # grey levels: the temporal difference that costs as much as the first frame's losses


class OptimisedFrames:
    """The frames of a scene, with one network whose sessions are reused."""

    def __init__(self, network: Network, styles: Sequence[Picture], options: VideoOptions) -> None:
        self._network, self._styles, self._options = network, styles, options

    def begin(self, frame: Array) -> None:
        """Do nothing: what the next frame needs is in the painted one."""

    def first(self, frame: Array, callback: Callback) -> PaintedFrame:
        """Paint the first frame of a scene, like a single picture."""
        painting = Painting(self._network, as_picture(frame), self._styles, self._options, fine=False)
        for _ in painting.advance():
            callback(painting.iteration, painting.schedule.evaluations, painting.descent.losses)
        return PaintedFrame(quantise(painting.picture()), True, painting.descent.best_losses["total"])

    def following(
        self, frame: Array, flow: BackwardFlow, previous: Previous, callback: Callback
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
            painting = Painting(self._network, as_picture(frame), self._styles, options, temporal)
            for _ in painting.advance():
                callback(level * steps + painting.iteration, len(levels) * steps, painting.descent.losses)
            picture = painting.picture()
            detail = recoloured - resize(resize(recoloured, (height, width)), shape)
        return PaintedFrame(quantise(picture), False, previous.painted.loss)
