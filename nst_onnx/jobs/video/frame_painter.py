"""Painting one frame after the other: each starts from the one before, moved along, and is held to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nst_onnx.jobs.video.optical_flow import Motion, between
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import pyramid
from nst_onnx.painting.painting import Painting
from nst_onnx.picture import Picture, resize
from nst_onnx.picture.colour import match_covariance
from nst_onnx.support.arrays import Array

Tell = Callable[[int, int, Mapping[str, float]], None]
"""Told after every evaluation: how many there were for this frame, of about how many, and the losses."""

UNIT = 6.0  # grey levels
RIPE = 6  # frames until what has come into sight is held as it is: a few steps are not enough to paint it


@dataclass(frozen=True, eq=False)
class Painted:
    """A frame that is done.

    `picture`: float32 H×W×3 in 0..1. `opens`: whether a scene begins with it. `loss`: what the first frame of
    its scene left to be desired, the sum of that frame's losses.
    """

    picture: Array
    opens: bool
    loss: float


@dataclass(frozen=True, eq=False)
class _Before:
    """The frame before: the film's, and the painting of it.

    `ripeness`: float32 H×W in 0..1, for how many of `RIPE` frames each pixel has been in sight.
    """

    frame: Array
    painted: Painted
    ripeness: Array


class Painter:
    """Paints the frames of a film, in order. The network's sessions stay warm."""

    def __init__(self, network: Network, styles: Sequence[Picture], options: VideoOptions) -> None:
        self._network, self._styles, self._options = network, styles, options
        self._before: _Before | None = None

    def follow(self, frame: Array, painted: Painted) -> None:
        """Take a frame as painted in an earlier run: the next one follows it."""
        self._keep(frame, painted, None if painted.opens else self._motion(frame))

    def paint(self, frame: Array, tell: Tell) -> Painted:
        """Paint the next frame, float32 H×W×3 in 0..1. Raises NstError."""
        motion = self._motion(frame)
        if self._before is None or motion is None:
            painted = self._afresh(frame, tell)
        else:
            painted = self._onwards(frame, motion, self._before, tell)
        self._keep(frame, painted, motion)
        return painted

    def _motion(self, frame: Array) -> Motion | None:
        """Return how the frame before moves into this one; None where it does not, for there is a cut."""
        if self._before is None:
            return None
        motion = between(self._before.frame, frame)
        return None if motion.cut else motion

    def _keep(self, frame: Array, painted: Painted, motion: Motion | None) -> None:
        ripeness = np.ones(frame.shape[:2], np.float32)
        if motion is not None and self._before is not None:
            ripeness = motion.trust * np.minimum(motion.carry(self._before.ripeness) + 1 / RIPE, 1)
        self._before = _Before(frame, painted, ripeness.astype(np.float32))

    def _afresh(self, frame: Array, tell: Tell) -> Painted:
        """Paint the first frame of a scene, as any picture is painted."""
        painting = Painting(self._network, _content(frame), self._styles, self._options)
        for _ in painting.advance():
            tell(painting.iteration, painting.schedule.evaluations, painting.descent.losses)
        return Painted(in_levels(painting.picture()), True, painting.descent.best_losses["total"])

    def _onwards(self, frame: Array, motion: Motion, before: _Before, tell: Tell) -> Painted:
        """Paint a frame from the one before.

        Only what cannot be trusted is painted at half the size first, where a few steps change more: what
        can be is as fine as it will be. Detail that half the size cannot hold is the film's.
        """
        warped, steps = motion.carry(before.painted.picture), self._options.frame_steps
        weight = self._options.temporal_weight * before.painted.loss * (255 / UNIT) ** 2
        held_to = Temporal(warped, motion.trust * motion.carry(before.ripeness), weight)
        trusted = motion.trust[..., None] > 0
        film = match_covariance(frame, warped, style_weights=motion.trust, content_weights=motion.trust)
        picture, detail = film, np.zeros_like(film)
        shape = (frame.shape[0], frame.shape[1])
        levels = pyramid.shapes(shape, ratio=2)[-2:]
        for level, (height, width) in enumerate(levels):
            start = np.where(trusted, warped, np.clip(resize(picture, shape) + detail, 0, 1))
            options = replace(self._options, size=(width, height), init=start, pyramid=False, steps=steps)
            painting = Painting(self._network, _content(frame), self._styles, options, held_to)
            for _ in painting.advance():
                tell(level * steps + painting.iteration, len(levels) * steps, painting.descent.losses)
            picture, detail = painting.picture(), film - resize(resize(film, (height, width)), shape)
        return Painted(in_levels(picture), False, before.painted.loss)


def _content(frame: Array) -> Picture:
    return Picture(frame, None, "frame", 8)


def in_levels(picture: Array) -> Array:
    """Return a picture in whole grey levels within 0..1: the same bits before and after it is in a file."""
    return np.divide(np.rint(np.clip(picture, 0, 1) * 255), 255, dtype=np.float32)
