"""The options of regions: this part of the photo like that painting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from nst_onnx.painting.option import OptionSet, option
from nst_onnx.painting.option_types import Choice, PictureSource
from nst_onnx.painting.region import Region
from nst_onnx.painting.region_type import Regions

if TYPE_CHECKING:
    from nst_onnx.objective.guides import Guides
    from nst_onnx.picture import Source

REGIONS = "Regions"
MASKS = ("labels", "style_labels", "keep", "strength_map", "style_mask")
"""The options that are pictures."""


@dataclass(frozen=True, kw_only=True)
class RegionOptions(OptionSet):
    """The options of regions. Raises OptionError for an invalid value; masks are checked when they are
    read.
    """

    regions: Sequence[Region | str] | str | None = option(
        None,
        Regions(),
        group=REGIONS,
        help="A part of the picture with a style of its own: a mask, rest, or a colour of --labels; with "
        "strength, scale and style-mask of its own. Or colour: a region for each colour of the painting; "
        "auto: for each kind of content",
    )
    labels: Source | None = option(
        None,
        PictureSource(),
        group=REGIONS,
        metavar="FILE",
        help="A label map: a picture with a colour for each region",
    )
    style_labels: Source | None = option(
        None,
        PictureSource(),
        group=REGIONS,
        metavar="FILE",
        help="A label map of the painting: a colour of --labels is painted like the same colour here",
    )
    keep: Source | None = option(
        None,
        PictureSource(),
        group=REGIONS,
        metavar="FILE",
        help="A mask of what stays untouched, such as a face",
    )
    strength_map: Source | None = option(
        None,
        PictureSource(),
        group=REGIONS,
        metavar="FILE",
        help="How much style where: white is all, black the photo itself",
    )
    style_mask: Source | None = option(
        None,
        PictureSource(),
        group=REGIONS,
        metavar="FILE",
        help="Which part of the style picture counts: white in its mask",
    )
    guides: Guides = option(
        "inside",
        Choice("inside", "plain"),
        group=REGIONS,
        help="inside: features that see beyond their region do not count; along its border it stays more "
        "like the photo. plain: it is painted up to its border, and takes on a little of its neighbours",
    )


class RegionOptionValues(TypedDict, total=False):
    """The options of `RegionOptions` as keyword arguments."""

    regions: Sequence[Region | str] | str | None
    labels: Source | None
    style_labels: Source | None
    keep: Source | None
    strength_map: Source | None
    style_mask: Source | None
    guides: Guides
