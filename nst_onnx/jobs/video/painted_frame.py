"""A painted frame, and what paints the frames of one scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nst_onnx.jobs.video.optical_flow import BackwardFlow
from nst_onnx.picture import Picture
from nst_onnx.support.arrays import Array

Callback = Callable[[int, int, Mapping[str, float]], None]
"""Called after every evaluation with the evaluations of this frame so far, their total, and the losses."""


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
class Previous:
    """The previous frame of the video, and its painting.

    `maturity`: float32 H×W in 0..1, the number of frames that each pixel has been visible / MATURE_AGE.
    """

    frame: Array
    painted: PaintedFrame
    maturity: Array


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of the video: its number, counted from 0, and its picture, float32 H×W×3 in 0..1."""

    number: int
    picture: Array


class SceneFrames(Protocol):
    """Paints the frames of a scene."""

    def begin(self, frame: Frame) -> None:
        """Begin a scene whose first frame an earlier run has painted."""

    def skip(self, frame: Frame, flow: BackwardFlow) -> None:
        """Skip a frame that an earlier run has painted, and whose motion from the previous one is known."""

    def first(self, frame: Frame, callback: Callback) -> PaintedFrame:
        """Paint the first frame of a scene. Raises NstError."""

    def following(
        self, frame: Frame, flow: BackwardFlow, previous: Previous, callback: Callback
    ) -> PaintedFrame:
        """Paint a frame whose motion from the previous one is known. Raises NstError."""


def as_picture(frame: Array) -> Picture:
    """Return a frame as a content picture."""
    return Picture(frame, None, "frame", 8)


def quantise(picture: Array) -> Array:
    """Return a picture in 8-bit grey levels, within 0..1: it keeps its bits when it is stored as PNG."""
    return np.divide(np.rint(np.clip(picture, 0, 1) * 255), 255, dtype=np.float32)
