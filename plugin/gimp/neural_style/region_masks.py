"""The regions of a layer that is painted: their masks as they were at the start."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

import mask_graph
from gi.repository import Gegl
from nst_client import Pixels
from nst_client.failure import Failure
from nst_client.painted_region import PaintedRegion, PaintedRegions
from nst_client.style_files import is_there
from nst_client.translation import _
from places import PlaceMask
from rectangle import Rectangle
from region_rows import RegionRows, Row
from selection import Selection
from style_pictures import as_engine_reads
from subject import Subject


class RegionMasks:
    """`rows` with a mask each, of the subject's layer. Raises Failure where a place or a style is missing."""

    def __init__(self, rows: RegionRows, subject: Subject) -> None:
        self.rows, self._subject = rows, subject
        self._masks = [PlaceMask(subject.image, row.place, subject.layer_bounds) for row in rows.rows]

    def with_rows(self, rows: RegionRows) -> RegionMasks | None:
        """Return the same masks with rows that differ in other things; None where the places do."""
        if [row.place for row in rows.rows] != [row.place for row in self.rows.rows]:
            return None
        found = copy(self)
        found.rows = rows
        return found

    def read(self, part: Rectangle, longest: int, *, partial: bool = False) -> PaintedRegions:
        """Return the regions of a part of the layer, scaled to at most `longest` pixels.

        `partial`: regions that are not in the part are left out. Raises Failure.
        """
        found = []
        for row, mask in zip(self.rows.rows, self._masks):
            pixels = mask.read(part, longest)
            if not any(pixels.data):
                if partial:
                    continue
                raise Failure(
                    _("a region lies beside what is painted: {place}").format(place=row.place.label),
                    _("choose another place for it, or remove it"),
                )
            found.append(PaintedRegion(replace(pixels, name=row.place.label), style_of(row), row.strength))
        return PaintedRegions(tuple(found), self.rows.rest_kept)

    def outlines(self, part: Rectangle, longest: int) -> list[Pixels]:
        """Return the masks of a part, also of rows that are not complete."""
        return [mask.read(part, longest) for mask in self._masks]

    def painted(self) -> Selection | None:
        """Return the subject's selection, less what stays as it is."""
        kept = [self._full(number) for number, row in enumerate(self.rows.rows) if row.keep]
        if not kept and not self.rows.rest_kept:
            return self._subject.selection
        bounds = self._subject.layer_bounds
        factors = [mask_graph.inverted(mask) for mask in kept]
        if self.rows.rest_kept:
            painted = [self._full(number) for number, row in enumerate(self.rows.rows) if not row.keep]
            factors.append(mask_graph.added(painted))
        if self._subject.selection is not None:
            factors.append(mask_graph.buffer_of(self._subject.selection, bounds))
        return Selection(bounds, mask_graph.bytes_of(mask_graph.multiplied(factors)))

    def layer_masks(self) -> list[tuple[str, Gegl.Buffer | None]]:
        """Return the name and the mask (of the layer's size) of each painted region, the rest first.

        The rest, below the others, has no mask where it is painted. Where it is kept, the layers together
        cover what is painted: each mask is what the lower ones leave it.
        """
        found: list[tuple[str, Gegl.Buffer | None]] = []
        covered: Gegl.Buffer | None = None
        if not self.rows.rest_kept:
            found.append((_("rest"), None))
        for number, row in enumerate(self.rows.rows):
            if row.keep:
                continue
            mask = shown = self._full(number)
            if covered is not None:
                shown = mask_graph.of_the_uncovered(mask, covered)
            if self.rows.rest_kept:
                covered = mask if covered is None else mask_graph.added([covered, mask])
            found.append((row.place.label, shown))
        return found

    def kept(self) -> list[Gegl.Buffer]:
        """Return the masks of the regions that stay as they are."""
        return [self._full(number) for number, row in enumerate(self.rows.rows) if row.keep]

    def _full(self, number: int) -> Gegl.Buffer:
        bounds = self._subject.layer_bounds
        whole = Rectangle(0, 0, bounds.width, bounds.height)
        return mask_graph.buffer_of_pixels(self._masks[number].read(whole, max(bounds.width, bounds.height)))


def style_of(row: Row) -> str:
    """Return the style of a region as the engine reads it; "" where it is kept. Raises Failure."""
    if row.keep:
        return ""
    if not row.style:
        raise Failure(
            _("a region has no style yet: {place}").format(place=row.place.label),
            _("choose a painting for it, or keep it as it is"),
        )
    if not is_there(row.style):
        raise Failure(_("the style picture is not there: {path}").format(path=row.style))
    return str(as_engine_reads(Path(row.style)))
