"""Regions: parts of the painted picture, each painted like a painting of its own, or kept as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .archives import LEARNED
from .choices import EngineRequest
from .failure import Failure
from .masks import union
from .pixels import Pixels
from .translation import _

ONE_PASS = ("instant", "fitted")
_STRONGEST = 0.99
"""Of the whole picture, where regions have strengths of their own: at 1 there is no photo to weigh."""


@dataclass(frozen=True)
class PaintedRegion:
    """`mask`: u8, one channel, 255 where the region is. `style`: the path of a painting; "" to keep it.

    `strength`: 0..1.
    """

    mask: Pixels
    style: str
    strength: float

    @property
    def kept(self) -> bool:
        """Whether the region stays as it is."""
        return not self.style


@dataclass(frozen=True)
class PaintedRegions:
    """All regions of a picture. `rest_kept`: whether what they leave stays as it is, and has no style."""

    regions: Sequence[PaintedRegion] = ()
    rest_kept: bool = False


def check(quality: str, styles: Sequence[str]) -> None:
    """Raise Failure where a picture with regions cannot be painted at all.

    `styles`: the paths of the styles of all parts that are painted.
    """
    if not styles:
        raise Failure(_("nothing is left to paint"), _("choose a style for a region, or for the rest"))
    if any(style.endswith(LEARNED) for style in styles):
        raise Failure(
            _("a learned style paints in one pass, and that knows no regions"), _("choose a painting")
        )
    if quality in ONE_PASS:
        raise Failure(_("one pass knows no regions"), _("choose the quality Fast, Good or Best"))


def with_regions(request: EngineRequest, given: PaintedRegions) -> EngineRequest:
    """Return the request with regions; its own styles are those of the rest. Raises Failure."""
    if not given.regions:
        return request
    painted = [region for region in given.regions if not region.kept]
    styles = [] if given.rest_kept else request["styles"]
    check(request["quality"], [*styles, *(region.style for region in painted)])
    options = dict(request["options"])
    if given.rest_kept:
        options.pop("style_weights", None)
    if painted:
        options["strength"] = min(float(str(options["strength"])), _STRONGEST)
        options["regions"] = [
            {"mask": one.mask, "styles": [{"path": one.style}], "strength": one.strength} for one in painted
        ]
    kept = [region.mask for region in given.regions if region.kept]
    if kept:
        first = kept[0]
        data = union([mask.data for mask in kept])
        options["keep"] = Pixels(
            first.width, first.height, 1, "u8", data, first.name if len(kept) == 1 else ""
        )
    return {**request, "styles": styles, "options": options}
