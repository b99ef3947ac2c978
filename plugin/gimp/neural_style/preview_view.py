"""What the live preview shows: the painted part as a whole, or a spot of it at 100 %."""

from __future__ import annotations

from dataclasses import dataclass

from nst_client import Pixels
from nst_client.live_preview import HEIGHT, SIDE
from nst_client.painted_region import PaintedRegions
from nst_client.spot import spot_around
from outcome import source_layer
from pixels import read_pixels, read_thumbnail
from rectangle import Rectangle
from region_masks import RegionMasks
from subject import Subject


@dataclass(frozen=True)
class View:
    """`subject`: what is painted. `part`: of its layer, what is shown; `spot`: whether that is a spot."""

    subject: Subject
    output: str
    part: Rectangle
    spot: bool

    @classmethod
    def whole(cls, subject: Subject, output: str) -> View:
        """Return the view of all that the engine receives."""
        return cls(subject, output, subject.context, False)

    def around(self, x: float, y: float) -> View:
        """Return the view of a spot around a place of this view, each in 0..1."""
        spot = spot_around(self.part.shared, (x, y), SIDE, HEIGHT)
        return View(self.subject, self.output, Rectangle(*spot.sides), True)

    def longest(self, size: int) -> int:
        """Return the pixels on the part's longest side where the whole is painted at `size` pixels."""
        part = max(self.part.width, self.part.height)
        if not self.spot:
            return min(part, SIDE)
        return max(round(part * self._scale(size)), 1)

    def ratio(self, size: int) -> float:
        """Return how many times as long as the part the whole is, for `nst_client.spot.in_part`."""
        if not self.spot:
            return 1.0
        whole = max(self.subject.context.width, self.subject.context.height) * self._scale(size)
        return whole / self.longest(size)

    def _scale(self, size: int) -> float:
        return min(size / max(self.subject.context.width, self.subject.context.height), 1.0)

    def content(self, size: int) -> Pixels:
        """Return the part's pixels as the engine takes them."""
        with source_layer(self.subject.layer, self.output) as layer:
            return read_pixels(layer, self.part, self.longest(size))

    def thumbnail(self, size: int) -> Pixels:
        """Return the part's pixels for display."""
        with source_layer(self.subject.layer, self.output) as layer:
            return read_thumbnail(layer, self.part, self.longest(size))

    def outlines(self, masks: RegionMasks | None, size: int) -> list[Pixels]:
        """Return the masks of the part's regions; without regions that of the selection, where it limits."""
        if masks is not None:
            return masks.outlines(self.part, self.longest(size))
        selected = self.subject.selected_place
        return [] if selected is None else [selected.read(self.part, self.longest(size))]

    def regions(self, masks: RegionMasks, size: int) -> PaintedRegions:
        """Return the regions of the part. Raises Failure."""
        return masks.read(self.part, self.longest(size), partial=self.spot)
