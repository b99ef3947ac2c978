"""Painting one frame after the other: each starts from the one before, moved along, and is held to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nst_onnx.losses.temporal import Temporal
from nst_onnx.network import Network
from nst_onnx.painting import Painting
from nst_onnx.picture import Picture
from nst_onnx.video.motion import between
from nst_onnx.video.options import VideoOptions

Array = npt.NDArray[np.float32]

UNIT = 10.0  # grey levels


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

    def painting(self, frame: Array) -> tuple[Painting, bool]:
        """Return the painting of the next frame (float32 H×W×3 in 0..1), and whether it opens a scene."""
        content = Picture(frame, None, "frame", 8)
        motion = self._before and between(self._before[0], frame)
        if self._before is None or motion is None or motion.cut:
            return Painting(self._network, content, self._styles, self._options), True
        before = self._before[1]
        warped = motion.carry(before.picture)
        start = np.where(motion.trust[..., None] > 0, warped, frame)
        options = replace(self._options, init=start, pyramid=False, steps=self._options.frame_steps)
        weight = self._options.temporal_weight * before.loss * (255 / UNIT) ** 2
        held_to = Temporal(warped, motion.trust, weight)
        return Painting(self._network, content, self._styles, options, held_to), False

    def done(self, frame: Array, painted: Painted) -> None:
        """Take a frame as painted, now or in an earlier run: the next one follows it."""
        self._before = frame, painted

    def painted(self, painting: Painting, opens: bool) -> Painted:
        """Return what came of a painting, in whole grey levels."""
        loss = painting.best_losses["total"] if opens or self._before is None else self._before[1].loss
        levels = np.rint(np.clip(painting.picture(), 0, 1) * 255) / np.float32(255)
        return Painted(levels.astype(np.float32), opens, loss)
