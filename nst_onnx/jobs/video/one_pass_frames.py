"""Frames painted in one pass, with one style vector a scene, steadied along the optical flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nst_onnx.feedforward.learned_style import LearnedStyle
from nst_onnx.jobs.video.optical_flow import BackwardFlow
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.jobs.video.painted_frame import Callback, Frame, PaintedFrame, Previous, as_picture, quantise
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.network_choice import Networks
from nst_onnx.painting.one_pass import OnePass
from nst_onnx.picture import Picture
from nst_onnx.support.arrays import Array

STEADINESS = 2.0
"""Weight of the warped previous frame against the painted one, for a `temporal_weight` of 1."""


class OnePassFrames:
    """The frames of a scene. The style vector is predicted, or fitted to the scene's first frame."""

    def __init__(
        self, network: Network, styles: Sequence[Picture | LearnedStyle], options: VideoOptions
    ) -> None:
        self._network, self._styles, self._options = network, styles, options
        self._feedforward = Networks.of(network).feedforward(network)
        self._scene: Array | None = None
        self._vector: Array | None = None

    def begin(self, frame: Frame) -> None:
        """Keep the first frame: its style vector is fitted where a frame remains to be painted."""
        self._scene, self._vector = frame.picture, None

    def skip(self, frame: Frame, flow: BackwardFlow) -> None:
        """Do nothing: what the next frame needs is in the painted one."""

    def first(self, frame: Frame, callback: Callback) -> PaintedFrame:
        """Paint the first frame of a scene, like a single picture."""
        self.begin(frame)
        run = self._one_pass(frame.picture, None)
        losses: dict[str, float] = {}
        for _ in run.advance():
            step = run.step()
            losses = step.losses
            callback(step.iteration, step.iterations, losses)
        self._vector = run.vector
        return PaintedFrame(quantise(run.result().array), True, losses.get("total", 0.0))

    def following(
        self, frame: Frame, flow: BackwardFlow, previous: Previous, callback: Callback
    ) -> PaintedFrame:
        """Paint a frame; where the flow is reliable, move it towards the warped previous painting.

        With the painted frame p, the warped one ω, the consistency c and the temporal weight w, the result
        has the least |x − p|² + 2 w c |x − ω|².
        """
        run = self._one_pass(frame.picture, self._vector_of_scene())
        painted = run.result().array
        callback(1, 1, {})
        reliable = flow.reliable * flow.warp(previous.maturity)
        weight = (STEADINESS * self._options.temporal_weight * reliable)[..., None]
        steadied = (painted + weight * flow.warp(previous.painted.picture)) / (1 + weight)
        return PaintedFrame(quantise(steadied), False, previous.painted.loss)

    def _vector_of_scene(self) -> Array:
        if self._vector is None:
            assert self._scene is not None, "a scene begins with its first frame"
            run = self._one_pass(self._scene, None)
            for _ in run.advance():
                pass
            self._vector = run.vector
        return self._vector

    def _one_pass(self, frame: Array, vector: Array | None) -> OnePass:
        options = self._options if vector is None else replace(self._options, quality="instant")
        painter, measuring = self._feedforward
        content = as_picture(frame)
        return OnePass(painter, measuring, self._network, content, self._styles, options, vector=vector)
