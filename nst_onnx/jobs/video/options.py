"""The controls of a video: those of a picture, and how its frames hang together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nst_onnx.painting.options import Options, check_number, check_whole


@dataclass(frozen=True, kw_only=True)
class VideoOptions(Options):
    """Those of a picture hold for the film's first frame and after each cut; `max_seconds` for every frame.

    `frame_steps`: evaluations, at half the size and at full size each, for any other frame, which starts
    from the one before, moved along. `temporal_weight`: how much a frame is held to the one before. With 1,
    differing from it by 6 grey levels (root mean square) is as bad as all that the scene's first frame leaves
    to be desired; 0 lets each frame go its own way.
    `crf`: libx264's constant rate factor, 0..51; smaller is better and larger.
    """

    frame_steps: int = 20
    temporal_weight: float = 1.0
    crf: int = 18

    def __post_init__(self) -> None:
        """Raise OptionError for any value that makes no sense."""
        super().__post_init__()
        check_whole("frame_steps", self.frame_steps, 1)
        check_number("temporal_weight", self.temporal_weight, 0, math.inf)
        check_whole("crf", self.crf, 0)
        check_number("crf", self.crf, 0, 51)
