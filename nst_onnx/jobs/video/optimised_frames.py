"""Frames painted by optimisation: each starts from the warped previous one, with a temporal loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nst_onnx.jobs.video.frame_masks import FrameMasks
from nst_onnx.jobs.video.moving_regions import MovingRegions, is_photo, with_the_kept
from nst_onnx.jobs.video.optical_flow import BackwardFlow
from nst_onnx.jobs.video.painted_frame import Callback, Frame, PaintedFrame, Previous, as_picture, quantise
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import pyramid
from nst_onnx.painting.painting import Painting
from nst_onnx.picture import Picture, resize
from nst_onnx.picture.colour import match_covariance

UNIT_DIFFERENCE = 6.0  # grey levels: the temporal difference that costs as much as the first frame's losses


class OptimisedFrames:
    """The frames of a scene, with one network whose sessions are reused."""

    def __init__(self, network: Network, styles: Sequence[Picture], masks: FrameMasks) -> None:
        self._network, self._options = network, masks.options
        self._regions = MovingRegions(network, styles, masks)

    def begin(self, frame: Frame) -> None:
        """Find the regions of the scene."""
        self._regions.begin(frame)

    def skip(self, frame: Frame, flow: BackwardFlow) -> None:
        """Move the regions."""
        self._regions.follow(frame, flow)

    def first(self, frame: Frame, callback: Callback) -> PaintedFrame:
        """Paint the first frame of a scene, like a single picture."""
        like = self._regions.begin(frame)
        if is_photo(like):
            return PaintedFrame(quantise(frame.picture), True, 0.0)
        painting = Painting(self._network, as_picture(frame.picture), like, self._options, fine=False)
        for _ in painting.advance():
            callback(painting.iteration, painting.schedule.evaluations, painting.descent.losses)
        picture = with_the_kept(painting.picture(), frame.picture, like)
        return PaintedFrame(quantise(picture), True, painting.descent.best_losses["total"])

    def following(
        self, frame: Frame, flow: BackwardFlow, previous: Previous, callback: Callback
    ) -> PaintedFrame:
        """Paint a frame that follows another one, at half and then at full size.

        Reliable pixels start from the warped previous painting at both sizes. Only unreliable pixels start
        from the half-size result, where a few steps change more; detail above half the size's resolution
        comes from the video's own frame.
        """
        like = self._regions.follow(frame, flow)
        if is_photo(like):
            return PaintedFrame(quantise(frame.picture), False, previous.painted.loss)
        warped, steps = flow.warp(previous.painted.picture), self._options.frame_steps
        weight = self._options.temporal_weight * previous.painted.loss * (255 / UNIT_DIFFERENCE) ** 2
        temporal = Temporal(warped, flow.reliable * flow.warp(previous.maturity), weight)
        reliable = flow.reliable[..., None] > 0
        recoloured = match_covariance(
            frame.picture, warped, style_weights=flow.reliable, content_weights=flow.reliable
        )
        picture, detail = recoloured, np.zeros_like(recoloured)
        shape = (frame.picture.shape[0], frame.picture.shape[1])
        levels = pyramid.shapes(shape, ratio=2)[-2:]
        for level, (height, width) in enumerate(levels):
            start = np.where(reliable, warped, np.clip(resize(picture, shape) + detail, 0, 1))
            options = replace(self._options, size=(width, height), init=start, pyramid=False, steps=steps)
            painting = Painting(self._network, as_picture(frame.picture), like, options, temporal)
            for _ in painting.advance():
                callback(level * steps + painting.iteration, len(levels) * steps, painting.descent.losses)
            picture = painting.picture()
            detail = recoloured - resize(resize(recoloured, (height, width)), shape)
        picture = with_the_kept(picture, frame.picture, like)
        return PaintedFrame(quantise(picture), False, previous.painted.loss)
