"""Regions over the live preview: their masks, as small as it is."""

from __future__ import annotations

from krita import Document

from .nst_client.painted_region import PaintedRegion, PaintedRegions
from .nst_client.pixels import Pixels
from .nst_client.region import Rectangle
from .places import Place
from .qt import QtCore, QtGui
from .region_masks import Regions

NONE = PaintedRegions(())
Known = tuple[Place, Rectangle, int, int]


class RegionPreviews:
    """Masks that were read once stay as they are until another part or place is asked for."""

    def __init__(self) -> None:
        self._known: dict[Known, Pixels] = {}

    def of(
        self, document: Document, given: Regions, part: Rectangle, content: Pixels
    ) -> tuple[PaintedRegions, list[Pixels]]:
        """Return the regions of `part`, which `content` shows, and the masks of all, also of unfinished ones.

        A region that has no style yet is painted like the rest. Raises Failure where a place is gone.
        """
        found = {(row.place, part, content.width, content.height): row for row in given.rows}
        masks = {key: self._known.get(key) or _small(document, *key) for key in found}
        self._known = masks
        painted = [
            PaintedRegion(masks[key], "" if row.keep else row.style, row.strength)
            for key, row in found.items()
            if row.keep or row.style
        ]
        return PaintedRegions(painted, given.rest_kept and bool(painted)), list(masks.values())


def _small(document: Document, place: Place, part: Rectangle, width: int, height: int) -> Pixels:
    mask = place.mask(document, part)
    kind = QtGui.QImage.Format.Format_Grayscale8
    ignore = QtCore.Qt.AspectRatioMode.IgnoreAspectRatio
    smooth = QtCore.Qt.TransformationMode.SmoothTransformation
    image = QtGui.QImage(mask, part.width, part.height, part.width, kind)
    image = image.scaled(width, height, ignore, smooth).convertToFormat(kind)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    line, data = image.bytesPerLine(), bytes(bits)
    rows = (data[row * line : row * line + width] for row in range(height))
    return Pixels(width, height, 1, "u8", b"".join(rows), place.label)
