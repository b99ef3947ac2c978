"""The regions of a layer that is painted: their masks as they were at the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from krita import Document

from .nst_client.failure import Failure
from .nst_client.painted_region import PaintedRegion, PaintedRegions, union
from .nst_client.pixels import Pixels
from .nst_client.region import Rectangle
from .nst_client.translation import _
from .places import Place

INVERTED = bytes(range(255, -1, -1))


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
            if not any(mask):
                raise Failure(
                    _("a region lies beside what is painted: {place}").format(place=label),
                    _("choose another place for it, or remove it"),
                )
            self._masks.append(Pixels(part.width, part.height, 1, "u8", mask, label))

    @property
    def apart(self) -> bool:
        """Whether each region becomes a layer."""
        return self._given.apart

    def regions(self) -> PaintedRegions:
        """Return the regions for the engine."""
        found = [
            PaintedRegion(mask, "" if row.keep else row.style, row.strength)
            for row, mask in zip(self._given.rows, self._masks)
        ]
        return PaintedRegions(found, self._given.rest_kept)

    def painted(self) -> bytes | None:
        """Return how much of each pixel is painted, 0..255; None where all is."""
        factors = [
            mask.data.translate(INVERTED) for row, mask in zip(self._given.rows, self._masks) if row.keep
        ]
        if self._given.rest_kept:
            masks = [mask for row, mask in zip(self._given.rows, self._masks) if not row.keep]
            factors.append(union(masks).data)
        return product(factors)

    def layers(self) -> list[tuple[str, bytes | None]]:
        """Return the name and the mask of each painted region.

        The rest comes first, where it is painted, without a mask.
        """
        found: list[tuple[str, bytes | None]] = [] if self._given.rest_kept else [(_("rest"), None)]
        for row, mask in zip(self._given.rows, self._masks):
            if not row.keep:
                found.append((row.place.label, mask.data))
        return found


def product(factors: Sequence[bytes]) -> bytes | None:
    """Return the product of masks of one size, 255 being 1; None for none."""
    if not factors:
        return None
    result = factors[0]
    for factor in factors[1:]:
        result = bytes([one * other // 255 for one, other in zip(result, factor)])
    return result
