"""The regions of a layer that is painted: their masks as they were at the start."""

from __future__ import annotations

from dataclasses import dataclass

from krita import Document

from .nst_client.failure import Failure
from .nst_client.masks import empty, product, remaining, union
from .nst_client.painted_region import PaintedRegion, PaintedRegions
from .nst_client.pixels import Pixels
from .nst_client.region import Rectangle
from .nst_client.translation import _
from .places import Place

INVERTED = bytes(range(255, -1, -1))
ALL = slice(None)


@dataclass(frozen=True)
class Row:
    """A region. `style`: the path of a painting. `keep`: it stays as it is."""

    place: Place
    style: str = ""
    strength: float = 0.5
    keep: bool = False


@dataclass(frozen=True)
class Regions:
    """All regions. `rest_kept`: what they leave stays as it is. `apart`: each becomes a layer with a mask."""

    rows: tuple[Row, ...] = ()
    rest_kept: bool = False
    apart: bool = False


class RegionMasks:
    """The masks of regions over `part` of a document. Raises Failure where a place or a style is missing."""

    def __init__(self, document: Document, given: Regions, part: Rectangle) -> None:
        self._given, self._masks = given, []
        for row in given.rows:
            label = row.place.label
            if not (row.keep or row.style):
                raise Failure(
                    _("a region has no style yet: {place}").format(place=label),
                    _("choose a painting for it, or keep it as it is"),
                )
            mask = row.place.mask(document, part)
            if empty(mask):
                raise Failure(
                    _("a region lies beside what is painted: {place}").format(place=label),
                    _("choose another place for it, or remove it"),
                )
            self._masks.append(Pixels(part.width, part.height, 1, "u8", mask, label))

    def regions(self) -> PaintedRegions:
        """Return the regions for the engine."""
        found = [
            PaintedRegion(mask, "" if row.keep else row.style, row.strength)
            for row, mask in zip(self._given.rows, self._masks)
        ]
        return PaintedRegions(found, self._given.rest_kept)

    def painted(self, pixels: slice) -> bytes | None:
        """Return how much of each of some pixels is painted, 0..255; None where all is.

        Soft masks of many megapixels take their time: what is not asked for at the start is not waited for.
        """
        factors = [self.not_kept(pixels)]
        if self._given.rest_kept:
            factors.append(union([mask.data[pixels] for row, mask in self._each() if not row.keep]))
        return product([factor for factor in factors if factor is not None])

    def not_kept(self, pixels: slice = ALL) -> bytes | None:
        """Return what is outside of the regions that stay as they are; None where there is none."""
        return product([mask.data[pixels].translate(INVERTED) for row, mask in self._each() if row.keep])

    def layers(self) -> list[tuple[str, bytes | None]]:
        """Return the name and the mask of each painted region, whose product with `not_kept` is painted.

        The rest comes first, where it is painted, without a mask.
        """
        found: list[tuple[str, bytes | None]] = [] if self._given.rest_kept else [(_("rest"), None)]
        covered = b""
        for row, mask in self._each():
            if not row.keep:
                own = remaining(covered, mask.data) if covered and self._given.rest_kept else mask.data
                covered = union([covered or mask.data, mask.data])
                found.append((row.place.label, own))
        return found

    def _each(self) -> list[tuple[Row, Pixels]]:
        return [*zip(self._given.rows, self._masks)]
