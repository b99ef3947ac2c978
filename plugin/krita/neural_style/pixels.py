"""Pixels between Krita's layers and the engine.

The engine wants and gives sRGB-encoded floats. Krita itself converts from and to whatever a layer has: 8 to
32 bits, linear or perceptual, gray, CMYK or Lab, in the colour space of its profile. It does that for whole
documents, so the pixels go through one that nobody sees.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from krita import Document, Krita, Node

from .nst_client.failure import Failure
from .nst_client.pixels import Pixels
from .nst_client.region import Rectangle
from .nst_client.translation import _
from .region import Region

RESOLUTION = 100.0
AT_ONCE = 1 << 19  # pixels; a large layer is not in memory several times over, and a person need not wait
NOTHING = re.compile(rb"\x00+")
PARTLY = re.compile(rb"[\x01-\xfe]+")


@dataclass(frozen=True)
class Space:
    """What the samples of a layer mean, in Krita's words."""

    model: str
    depth: str
    profile: str


SRGB = Space("RGBA", "F32", "sRGB-elle-V2-srgbtrc.icc")


def space(layer: Node) -> Space:
    """Return the space of a layer."""
    return Space(layer.colorModel(), layer.colorDepth(), layer.colorProfile())


def taken(layer: Node, part: Rectangle, longest: int, name: str) -> Pixels:
    """Return `part` of a paint layer for the engine, with its alpha, under a name for messages.

    It is scaled down where a side is longer than `longest`.
    """
    scale = min(longest / max(part.width, part.height), 1.0)
    width, height = (max(round(side * scale), 1) for side in (part.width, part.height))
    with _unseen(part.width, part.height, space(layer)) as document:
        own = document.topLevelNodes()[0]
        own.setPixelData(layer.pixelData(*part.sides), 0, 0, part.width, part.height)
        _scale(document, width, height)
        _convert(document, SRGB)
        return Pixels(width, height, 4, "f32", bytes(own.pixelData(0, 0, width, height)), name)


def copied(layer: Node, part: Rectangle, target: Node) -> None:
    """Copy `part` of `layer`, as one sees it, into `target`; exactly, where spaces agree."""
    for band in part.bands(AT_ONCE):
        seen = bytes(layer.projectionPixelData(*band.sides))
        target.setPixelData(converted(seen, band, space(layer), space(target)), *band.sides)


def put(layer: Node, region: Region, painting: Pixels) -> Generator[float, None, None]:
    """Put `painting`, which shows `region.seen`, into the selected part of `layer`, band by band.

    Yields before each band, with how much is done, so that Krita's main loop may run in between. The
    selection is the mask, feathered as it is; outside of it no bit changes. Alpha stays as it was.
    """
    own = space(layer)
    with _unseen(painting.width, painting.height, SRGB) as document:
        canvas = document.topLevelNodes()[0]
        canvas.setPixelData(_opaque(painting), 0, 0, painting.width, painting.height)
        _scale(document, region.seen.width, region.seen.height)
        for band in region.painted.bands(AT_ONCE):
            yield (band.y - region.painted.y) / region.painted.height
            before, mask = bytes(layer.pixelData(*band.sides)), region.mask_of(band)
            painted = bytes(canvas.pixelData(*band.seen_from(region.seen).sides))
            blended = _blended(converted(before, band, own, SRGB), painted, mask)
            after = converted(blended, band, SRGB, own)
            kept = _kept(before, after, band.width * band.height, mask, own)
            layer.setPixelData(kept, *band.sides)


def converted(data: bytes, part: Rectangle, source: Space, target: Space) -> bytes:
    """Return pixels of the size of `part` in another space."""
    if source == target:
        return data
    with _unseen(part.width, part.height, source) as document:
        layer = document.topLevelNodes()[0]
        layer.setPixelData(data, 0, 0, part.width, part.height)
        _convert(document, target)
        return bytes(layer.pixelData(0, 0, part.width, part.height))


@contextmanager
def _unseen(width: int, height: int, kind: Space) -> Iterator[Document]:
    document = Krita.instance().createDocument(
        width, height, "nst-onnx", kind.model, kind.depth, kind.profile, RESOLUTION
    )
    if document is None:
        raise Failure(_("Krita does not know the colour space {profile}").format(profile=kind.profile))
    try:
        document.setBatchmode(True)
        yield document
    finally:
        document.setModified(False)
        document.close()


def _convert(document: Document, target: Space) -> None:
    if not document.setColorSpace(target.model, target.depth, target.profile):
        raise Failure(_("Krita cannot convert to {profile}").format(profile=target.profile))
    document.waitForDone()


def _scale(document: Document, width: int, height: int) -> None:
    if (width, height) != (document.width(), document.height()):
        document.scaleImage(width, height, round(RESOLUTION), round(RESOLUTION), "Bicubic")
        document.waitForDone()


def _opaque(painting: Pixels) -> bytes:
    count, values = painting.width * painting.height, array("f", painting.data)
    opaque = array("f", [1.0]) * (4 * count)
    for channel in range(3):
        opaque[channel::4] = values[channel :: painting.channels]
    return opaque.tobytes()


def _blended(own: bytes, painted: bytes, mask: bytes | None) -> bytes:
    """Return `painted` over `own` (both RGBA floats) as far as `mask` says, with the alpha of `own`."""
    below, above = array("f", own), array("f", painted)
    above[3::4] = below[3::4]
    for run in PARTLY.finditer(mask or b""):
        for pixel in range(run.start(), run.end()):
            rest = 1 - mask[pixel] / 255
            for place in range(4 * pixel, 4 * pixel + 3):
                above[place] += rest * (below[place] - above[place])
    return above.tobytes()


def _kept(before: bytes, after: bytes, count: int, mask: bytes | None, kind: Space) -> bytes:
    """Return `after` with the alpha of `before`, and all of `before` where nothing is selected."""
    size, kept = len(before) // count, bytearray(after)
    alpha = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}[kind.depth]  # the last sample in all of Krita's models
    for byte in range(size - alpha, size):
        kept[byte::size] = before[byte::size]
    for run in NOTHING.finditer(mask or b""):
        kept[run.start() * size : run.end() * size] = before[run.start() * size : run.end() * size]
    return bytes(kept)
