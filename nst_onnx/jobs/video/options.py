"""The options of a video: those of a painting, and those of its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nst_onnx.errors import OptionError
from nst_onnx.painting.option import option
from nst_onnx.painting.option_types import Number, Size, Whole
from nst_onnx.painting.options import PICTURE, Options, OptionValues

FRAMES, OUTPUT = "Frames", "Output"


@dataclass(frozen=True, kw_only=True)
class VideoOptions(Options):
    """The options of a painting apply to the first frame and after each cut; `max_seconds` to every frame.

    Any other frame starts from the one before, warped by the optical flow, and takes `frame_steps`
    evaluations at half the size and as many at full size. With a `temporal_weight` of 1, a difference of 6
    grey levels (root mean square) from the warped frame costs as much as the loss that the scene's first
    frame ends with; 0 leaves frames independent. Raises OptionError for an invalid value.
    """

    size: int | tuple[int, int] | Literal["full"] | None = option(
        None,
        Size(),
        group=PICTURE,
        help="Longest side in pixels, or exactly 400x300",
        fallback="the film's, at most 512, or the preset's",
    )
    frame_steps: int = option(
        20,
        Whole(1),
        group=FRAMES,
        help="Evaluations for each frame that follows from another; --steps are for the others",
    )
    temporal_weight: float = option(
        1.0,
        Number(),
        group=FRAMES,
        metavar="W",
        help="Weight of the difference from the frame before, warped by the optical flow; 0: none",
    )
    crf: int = option(
        18, Whole(0, 51), group=OUTPUT, help="libx264's constant rate factor: smaller is better, and larger"
    )

    def __post_init__(self) -> None:
        """Raise OptionError for an invalid value, and for colour transfer."""
        super().__post_init__()
        if self.colour_transfer:
            raise OptionError(
                "a video takes no colour_transfer: a map for each frame would make its colours flicker",
                "start from the film in the style's colours instead, with init recoloured",
            )


class VideoOptionValues(OptionValues, total=False):
    """The options of `VideoOptions` as keyword arguments."""

    frame_steps: int
    temporal_weight: float
    crf: int
