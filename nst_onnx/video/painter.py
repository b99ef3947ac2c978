"""Painting one frame after the other: each starts from the one before, moved along, and is held to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nst_onnx import pyramid
from nst_onnx.colour import match_covariance
from nst_onnx.losses.temporal import Temporal
from nst_onnx.network import Network
from nst_onnx.painting import Painting
from nst_onnx.picture import Picture, resize
from nst_onnx.video.motion import Motion, between
from nst_onnx.video.options import VideoOptions

Array = npt.NDArray[np.float32]

Tell = Callable[[int, int, Mapping[str, float]], None]
"""Told after every evaluation: how many there were for this frame, of about how many, and the losses."""

UNIT = 6.0  # grey levels


@dataclass(frozen=True, eq=False)
class Painted:
    """A frame that is done.

    `picture`: float32 H×W×3 in 0..1. `opens`: whether a scene begins with it. `loss`: what the first frame of
    its scene left to be desired, the sum of that frame's losses.
    """

    picture: Array
    opens: bool
    loss: float


class Painter:
    """Paints the frames of a film, in order. The network's sessions stay warm."""

    def __init__(self, network: Network, styles: Sequence[Picture], options: VideoOptions) -> None:
        self._network, self._styles, self._options = network, styles, options
        self._before: tuple[Array, Painted] | None = None

    def follow(self, frame: Array, painted: Painted) -> None:
        """Take a frame as painted in an earlier run: the next one follows it."""
        self._before = frame, painted

    def paint(self, frame: Array, tell: Tell) -> Painted:
        """Paint the next frame, float32 H×W×3 in 0..1. Raises NstError."""
        if self._before is None:
            painted = self._afresh(frame, tell)
        else:
            before, last = self._before
            motion = between(before, frame)
            painted = self._afresh(frame, tell) if motion.cut else self._onwards(frame, motion, last, tell)
        self._before = frame, painted
        return painted

    def _afresh(self, frame: Array, tell: Tell) -> Painted:
        """Paint the first frame of a scene, as any picture is painted."""
        painting = Painting(self._network, _content(frame), self._styles, self._options)
        for _ in painting.advance():
            tell(painting.iteration, sum(painting.budgets), painting.losses)
        return Painted(_levels(painting.picture()), True, painting.best_losses["total"])

    def _onwards(self, frame: Array, motion: Motion, last: Painted, tell: Tell) -> Painted:
        """Paint a frame from the one before.

        Only what cannot be trusted is painted at half the size first, where a few steps change more: what
        can be is as fine as it will be.
        """
        warped, steps = motion.carry(last.picture), self._options.frame_steps
        held_to = Temporal(
            warped, motion.trust, self._options.temporal_weight * last.loss * (255 / UNIT) ** 2
        )
        trusted = motion.trust[..., None] > 0
        picture = match_covariance(frame, warped, style_weights=motion.trust, content_weights=motion.trust)
        shape = (frame.shape[0], frame.shape[1])
        levels = pyramid.shapes(shape, ratio=2)[-2:]
        for level, (height, width) in enumerate(levels):
            start = np.where(trusted, warped, resize(picture, shape))
            options = replace(self._options, size=(width, height), init=start, pyramid=False, steps=steps)
            painting = Painting(self._network, _content(frame), self._styles, options, held_to)
            for _ in painting.advance():
                tell(level * steps + painting.iteration, len(levels) * steps, painting.losses)
            picture = painting.picture()
        return Painted(_levels(picture), False, last.loss)


def _content(frame: Array) -> Picture:
    return Picture(frame, None, "frame", 8)


def _levels(picture: Array) -> Array:
    """Return a picture in whole grey levels within 0..1, as it will be read from a file."""
    return np.divide(np.rint(np.clip(picture, 0, 1) * 255), 255, dtype=np.float32)
