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
from .qt import QtGui
from .region import Region

RESOLUTION = 100.0
ROW = 1024  # pixels
BAND_PIXELS = 1 << 20  # bounds the memory for copies of a large layer, and the time between main loop runs
UNSELECTED = re.compile(rb"\x00+")
PARTLY_SELECTED = re.compile(rb"[\x01-\xfe]+")


@dataclass(frozen=True)
class Space:
    """Colour model, depth and profile of a layer, by Krita's names."""

    model: str
    depth: str
    profile: str


SRGB = Space("RGBA", "F32", "sRGB-elle-V2-srgbtrc.icc")
SRGB_BYTES = 16  # of a pixel


def space(layer: Node) -> Space:
    """Return the colour space of a layer."""
    return Space(layer.colorModel(), layer.colorDepth(), layer.colorProfile())


def read_pixels(layer: Node, part: Rectangle, longest: int, name: str) -> Pixels:
    """Return `part` of a paint layer as sRGB floats with alpha, scaled to at most `longest`.

    `name`: of the picture, for error messages.
    """
    scale = min(longest / max(part.width, part.height), 1.0)
    width, height = (max(round(side * scale), 1) for side in (part.width, part.height))
    with hidden_document(part.width, part.height, space(layer)) as document:
        own = document.topLevelNodes()[0]
        own.setPixelData(layer.pixelData(*part.sides), 0, 0, part.width, part.height)
        _scale(document, width, height)
        _convert(document, SRGB)
        return Pixels(width, height, 4, "f32", bytes(own.pixelData(0, 0, width, height)), name)


def layer_image(layer: Node, part: Rectangle, longest: int) -> QtGui.QImage:
    """Return `part` of the projection of any layer, 8 bits, sRGB, scaled to at most `longest`."""
    scale = min(longest / max(part.width, part.height), 1.0)
    width, height = (max(round(side * scale), 1) for side in (part.width, part.height))
    with hidden_document(part.width, part.height, space(layer)) as document:
        own = document.topLevelNodes()[0]
        own.setPixelData(layer.projectionPixelData(*part.sides), 0, 0, part.width, part.height)
        _scale(document, width, height)
        document.refreshProjection()
        return document.projection(0, 0, width, height)


def copy_pixels(layer: Node, part: Rectangle, target: Node) -> None:
    """Copy `part` of the projection of `layer` into `target`; bit-exact where the colour spaces agree."""
    for band in part.bands(BAND_PIXELS):
        data = bytes(layer.projectionPixelData(*band.sides))
        target.setPixelData(converted(data, band, space(layer), space(target)), *band.sides)


def paint_into(layer: Node, region: Region, painting: Pixels) -> Generator[float, None, None]:
    """Write `painting`, an image of `region.context`, into the selected part of `layer`, band by band.

    Yields the completed fraction before each band, so that Krita's main loop can run in between. The
    selection is the mask, with its feathering; outside of it no bit changes. Alpha is kept.

    The painting is converted to the layer's colour space once. Only pixels that are selected in part are
    blended one by one.
    """
    own = space(layer)
    with hidden_document(painting.width, painting.height, SRGB) as document:
        canvas = document.topLevelNodes()[0]
        canvas.setPixelData(_opaque(painting), 0, 0, painting.width, painting.height)
        _scale(document, region.context.width, region.context.height)
        yield 0.0
        with _converted_copy(document, own) as copy:
            fully = copy.topLevelNodes()[0]
            for band in region.painted.bands(BAND_PIXELS):
                yield (band.y - region.painted.y) / region.painted.height
                place, mask = band.relative_to(region.context).sides, region.mask_of(band)
                before = bytes(layer.pixelData(*band.sides))
                merged = _merged(before, bytes(fully.pixelData(*place)), mask, own, band)
                runs = [run.span() for run in PARTLY_SELECTED.finditer(mask or b"")]
                if runs:
                    _blend(merged, before, bytes(canvas.pixelData(*place)), mask, runs, own)
                layer.setPixelData(bytes(merged), *band.sides)


def converted(data: bytes, part: Rectangle, source: Space, target: Space) -> bytes:
    """Return pixels of the size of `part` converted to the colour space `target`."""
    if source == target:
        return data
    with hidden_document(part.width, part.height, source) as document:
        layer = document.topLevelNodes()[0]
        layer.setPixelData(data, 0, 0, part.width, part.height)
        _convert(document, target)
        return bytes(layer.pixelData(0, 0, part.width, part.height))


@contextmanager
def hidden_document(width: int, height: int, kind: Space) -> Iterator[Document]:
    """Context manager for a document that is not shown, with one layer."""
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


@contextmanager
def _converted_copy(document: Document, target: Space) -> Iterator[Document]:
    """Context manager for a copy of an sRGB document in the colour space `target`."""
    copy = document.clone()
    try:
        copy.setBatchmode(True)
        if target != SRGB:
            _convert(copy, target)
        yield copy
    finally:
        copy.setModified(False)
        copy.close()


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


def _blend(
    merged: bytearray,
    before: bytes,
    painted: bytes,
    mask: bytes,
    runs: list[tuple[int, int]],
    own: Space,
) -> None:
    """Blend the pixels in `runs` by `mask` (0..255), in sRGB, and write them into `merged`.

    `before`, `merged`: pixels in the space `own`. `painted`: RGBA floats.
    """
    size = len(before) // (len(painted) // SRGB_BYTES)
    below = array("f", _converted_row(_gathered(before, runs, size), size, own, SRGB))
    above = array("f", _gathered(painted, runs, SRGB_BYTES))
    rests = [1 - value / 255 for value in _gathered(mask, runs, 1)]
    for channel in range(3):
        above[channel::4] = array(
            "f",
            [
                over + rest * (under - over)
                for over, under, rest in zip(above[channel::4], below[channel::4], rests)
            ],
        )
    blended = _converted_row(above.tobytes(), SRGB_BYTES, SRGB, own)
    alpha, at = _alpha_bytes(own), 0
    for start, end in runs:
        length = (end - start) * size
        piece = bytearray(blended[at : at + length])
        for byte in range(size - alpha, size):
            piece[byte::size] = before[start * size + byte : end * size : size]
        merged[start * size : end * size] = piece
        at += length


def _gathered(data: bytes, runs: list[tuple[int, int]], size: int) -> bytes:
    """Return the pixels in `runs`, of `size` bytes each, one after the other."""
    return b"".join(data[start * size : end * size] for start, end in runs)


def _converted_row(data: bytes, size: int, source: Space, target: Space) -> bytes:
    """Return pixels of `size` bytes each, converted."""
    count = len(data) // size
    rows = -(-count // ROW)
    padded = data + bytes((rows * ROW - count) * size)
    after = converted(padded, Rectangle(0, 0, ROW, rows), source, target)
    return after[: len(after) // (rows * ROW) * count]


def _merged(before: bytes, after: bytes, mask: bytes | None, kind: Space, part: Rectangle) -> bytearray:
    """Return `after` with the alpha of `before`, and `before` where the mask is 0."""
    size, merged = len(before) // (part.width * part.height), bytearray(after)
    for byte in range(size - _alpha_bytes(kind), size):
        merged[byte::size] = before[byte::size]
    for run in UNSELECTED.finditer(mask or b""):
        merged[run.start() * size : run.end() * size] = before[run.start() * size : run.end() * size]
    return merged


def _alpha_bytes(kind: Space) -> int:
    """Return the bytes of a pixel's alpha, which is its last sample in all of Krita's models."""
    return {"U8": 1, "U16": 2, "F16": 2, "F32": 4}[kind.depth]
