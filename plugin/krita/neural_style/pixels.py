"""Pixels between Krita's layers and the engine.

The engine wants and gives sRGB-encoded floats. Krita itself converts from and to whatever a layer has: 8 to
32 bits, linear or perceptual, gray, CMYK or Lab, in the colour space of its profile. It does that for whole
documents, so the pixels go through one that nobody sees.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from krita import Document, Krita, Node

from .nst_client.failure import Failure
from .nst_client.pixels import Pixels
from .nst_client.region import Rectangle
from .nst_client.translation import _
from .region import Region

RESOLUTION = 100.0
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


def taken(layer: Node, part: Rectangle, name: str) -> Pixels:
    """Return `part` of a paint layer for the engine, with its alpha, under a name for messages."""
    own = converted(bytes(layer.pixelData(*part.sides)), part, space(layer), SRGB)
    return Pixels(part.width, part.height, 4, "f32", own, name)


def copied(layer: Node, part: Rectangle, target: Node) -> None:
    """Copy `part` of `layer`, as one sees it, into `target`; exactly, where spaces agree."""
    seen = bytes(layer.projectionPixelData(*part.sides))
    target.setPixelData(converted(seen, part, space(layer), space(target)), *part.sides)


def put(layer: Node, region: Region, painting: Pixels) -> None:
    """Put `painting`, which shows `region.seen`, into the selected part of `layer`.

    The selection is the mask, feathered as it is; outside of it no bit changes. Alpha stays as it was.
    """
    part, seen = region.painted, region.seen
    before = bytes(layer.pixelData(*part.sides))
    own = converted(before, part, space(layer), SRGB)
    blended = _blended(own, _scaled(painting, seen, part.seen_from(seen)), region.mask)
    after = converted(blended, part, SRGB, space(layer))
    layer.setPixelData(_kept(before, after, part.width * part.height, region.mask, space(layer)), *part.sides)


def converted(data: bytes, part: Rectangle, source: Space, target: Space) -> bytes:
    """Return pixels of the size of `part` in another space."""
    if source == target:
        return data
    with _unseen(part.width, part.height, source) as document:
        layer = document.topLevelNodes()[0]
        layer.setPixelData(data, 0, 0, part.width, part.height)
        if not document.setColorSpace(target.model, target.depth, target.profile):
            raise Failure(_("Krita cannot convert from {profile}").format(profile=source.profile))
        document.waitForDone()
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


def _scaled(painting: Pixels, size: Rectangle, part: Rectangle) -> bytes:
    """Return `part` of `painting` in RGBA, when that is scaled to `size`."""
    with _unseen(painting.width, painting.height, SRGB) as document:
        layer = document.topLevelNodes()[0]
        layer.setPixelData(_opaque(painting), 0, 0, painting.width, painting.height)
        if (painting.width, painting.height) != (size.width, size.height):
            resolution = round(RESOLUTION)
            document.scaleImage(size.width, size.height, resolution, resolution, "Bicubic")
            document.waitForDone()
        return bytes(layer.pixelData(*part.sides))


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
