"""Paints the frames of a video in order: finds the motion between them, and the cuts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nst_onnx.feedforward.learned_style import LearnedStyle
from nst_onnx.jobs.video.frame_masks import FrameMasks
from nst_onnx.jobs.video.one_pass_frames import OnePassFrames
from nst_onnx.jobs.video.optical_flow import BackwardFlow, backward_flow
from nst_onnx.jobs.video.optimised_frames import OptimisedFrames
from nst_onnx.jobs.video.painted_frame import Callback, Frame, PaintedFrame, Previous, SceneFrames
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import one_pass
from nst_onnx.picture import Picture
from nst_onnx.support.arrays import Array

MATURE_AGE = 6  # frames until a disoccluded pixel has its full temporal weight: a few steps do not finish it


class FramePainter:
    """Paints the frames of a video in order."""

    def __init__(
        self,
        network: Network,
        styles: Sequence[Picture | LearnedStyle],
        masks: FrameMasks,
        number: int = 0,
    ) -> None:
        """`masks`: the options, and the masks of regions. `number`: of the first frame."""
        paintings = [style for style in styles if isinstance(style, Picture)]
        self._frames: SceneFrames
        if one_pass.wanted(masks.options, styles):
            self._frames = OnePassFrames(network, styles, masks.options)
        else:
            self._frames = OptimisedFrames(network, paintings, masks)
        self._previous: Previous | None = None
        self._number = number

    def skip(self, frame: Array, painted: PaintedFrame) -> None:
        """Skip a frame that an earlier run has painted; the next one starts from it."""
        flow = None if painted.starts_scene else self._flow_to(frame)
        if flow is None:
            self._frames.begin(self._numbered(frame))
        else:
            self._frames.skip(self._numbered(frame), flow)
        self._set_previous(frame, painted, flow)

    def paint(self, frame: Array, callback: Callback) -> PaintedFrame:
        """Paint the next frame, float32 H×W×3 in 0..1. Raises NstError."""
        flow = self._flow_to(frame)
        if self._previous is None or flow is None:
            painted = self._frames.first(self._numbered(frame), callback)
        else:
            painted = self._frames.following(self._numbered(frame), flow, self._previous, callback)
        self._set_previous(frame, painted, flow)
        return painted

    def _flow_to(self, frame: Array) -> BackwardFlow | None:
        """Return the flow from a frame to the previous one; None if there is none, or a cut between them."""
        if self._previous is None:
            return None
        flow = backward_flow(self._previous.frame, frame)
        return None if flow.cut else flow

    def _numbered(self, frame: Array) -> Frame:
        self._number += 1
        return Frame(self._number - 1, frame)

    def _set_previous(self, frame: Array, painted: PaintedFrame, flow: BackwardFlow | None) -> None:
        maturity = np.ones(frame.shape[:2], np.float32)
        if flow is not None and self._previous is not None:
            maturity = flow.reliable * np.minimum(flow.warp(self._previous.maturity) + 1 / MATURE_AGE, 1)
        self._previous = Previous(frame, painted, maturity.astype(np.float32))
