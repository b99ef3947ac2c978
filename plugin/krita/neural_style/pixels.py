"""Conversion of pixels between Krita's layers and the engine.

The engine takes and returns sRGB-encoded floats. Krita converts from and to a layer's own format: 8 to 32
bits, linear or perceptual, gray, CMYK or Lab, in the colour space of its profile. It converts whole documents
only, so the pixels pass through a hidden one.
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
BAND_PIXELS = 1 << 19  # bounds the memory for copies of a large layer, and the time between main loop runs
UNSELECTED = re.compile(rb"\x00+")
PARTLY_SELECTED = re.compile(rb"[\x01-\xfe]+")


@dataclass(frozen=True)
class Space:
    """Colour model, depth and profile of a layer, by Krita's names."""

    model: str
    depth: str
    profile: str


SRGB = Space("RGBA", "F32", "sRGB-elle-V2-srgbtrc.icc")


def space(layer: Node) -> Space:
    """Return the colour space of a layer."""
    return Space(layer.colorModel(), layer.colorDepth(), layer.colorProfile())


def read_pixels(layer: Node, part: Rectangle, longest: int, name: str) -> Pixels:
    """Return `part` of a paint layer as sRGB floats with alpha, scaled to at most `longest`.

    `name`: of the picture, for error messages.
    """
    scale = min(longest / max(part.width, part.height), 1.0)
    width, height = (max(round(side * scale), 1) for side in (part.width, part.height))
    with _hidden_document(part.width, part.height, space(layer)) as document:
        own = document.topLevelNodes()[0]
        own.setPixelData(layer.pixelData(*part.sides), 0, 0, part.width, part.height)
        _scale(document, width, height)
        _convert(document, SRGB)
        return Pixels(width, height, 4, "f32", bytes(own.pixelData(0, 0, width, height)), name)


def copy_pixels(layer: Node, part: Rectangle, target: Node) -> None:
    """Copy `part` of the projection of `layer` into `target`; bit-exact where the colour spaces agree."""
    for band in part.bands(BAND_PIXELS):
        data = bytes(layer.projectionPixelData(*band.sides))
        target.setPixelData(converted(data, band, space(layer), space(target)), *band.sides)


def paint_into(layer: Node, region: Region, painting: Pixels) -> Generator[float, None, None]:
    """Write `painting`, an image of `region.context`, into the selected part of `layer`, band by band.

    Yields the completed fraction before each band, so that Krita's main loop can run in between. The
    selection is the mask, with its feathering; outside of it no bit changes. Alpha is kept.
    """
    own = space(layer)
    with _hidden_document(painting.width, painting.height, SRGB) as document:
        canvas = document.topLevelNodes()[0]
        canvas.setPixelData(_opaque(painting), 0, 0, painting.width, painting.height)
        _scale(document, region.context.width, region.context.height)
        for band in region.painted.bands(BAND_PIXELS):
            yield (band.y - region.painted.y) / region.painted.height
            before, mask = bytes(layer.pixelData(*band.sides)), region.mask_of(band)
            painted = bytes(canvas.pixelData(*band.relative_to(region.context).sides))
            blended = _blended(converted(before, band, own, SRGB), painted, mask)
            after = converted(blended, band, SRGB, own)
            merged = _merged(before, after, band.width * band.height, mask, own)
            layer.setPixelData(merged, *band.sides)


def converted(data: bytes, part: Rectangle, source: Space, target: Space) -> bytes:
    """Return pixels of the size of `part` converted to the colour space `target`."""
    if source == target:
        return data
    with _hidden_document(part.width, part.height, source) as document:
        layer = document.topLevelNodes()[0]
        layer.setPixelData(data, 0, 0, part.width, part.height)
        _convert(document, target)
        return bytes(layer.pixelData(0, 0, part.width, part.height))


@contextmanager
def _hidden_document(width: int, height: int, kind: Space) -> Iterator[Document]:
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
    """Return `painted` blended over `own` (RGBA floats) by `mask` (0..255), with the alpha of `own`."""
    below, above = array("f", own), array("f", painted)
    above[3::4] = below[3::4]
    for run in PARTLY_SELECTED.finditer(mask or b""):
        for pixel in range(run.start(), run.end()):
            rest = 1 - mask[pixel] / 255
            for place in range(4 * pixel, 4 * pixel + 3):
                above[place] += rest * (below[place] - above[place])
    return above.tobytes()


def _merged(before: bytes, after: bytes, count: int, mask: bytes | None, kind: Space) -> bytes:
    """Return `after` with the alpha of `before`, and `before` where the mask is 0."""
    size, merged = len(before) // count, bytearray(after)
    alpha = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}[kind.depth]  # the last sample in all of Krita's models
    for byte in range(size - alpha, size):
        merged[byte::size] = before[byte::size]
    for run in UNSELECTED.finditer(mask or b""):
        merged[run.start() * size : run.end() * size] = before[run.start() * size : run.end() * size]
    return bytes(merged)
