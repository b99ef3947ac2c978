"""JPEG files without the marker of their end, which decoders refuse although every pixel may be there."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from nst_onnx.errors import PictureError
from nst_onnx.picture.pillow import from_file, open_image
from nst_onnx.picture.raster import Raster

_SOS = 0xDA
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # start-of-frame markers (ITU-T T.81, table B.1)
_STANDALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_INCOMPLETE = "it is damaged or incomplete: some of its pixels are missing"
_FILLINGS = (b"\x00", b"\x55", b"\xaa", b"\xfe")


def from_jpeg(file: BinaryIO, max_pixels: int | None) -> Raster:
    """Decode a JPEG. Raises PictureError for refused sizes and missing pixels, and Pillow's exceptions."""
    try:
        return from_file(file, max_pixels)
    except OSError as error:
        if "truncated" not in str(error):
            raise
    note = "it ends before its end mark, but no pixel is missing"
    return replace(from_file(_with_end(file), max_pixels), notes=(note,))


def _with_end(file: BinaryIO) -> BinaryIO:
    """Return a cut JPEG with the marker of its end, if no more than that is missing.

    If bits of the pixels are missing, too, the decoder takes them from what follows. So the pixels are whole
    exactly if the picture is the same for anything that follows, and every scan is there.
    Raises PictureError for a file whose pixels are not whole, and Pillow's exceptions.
    """
    file.seek(0)
    data = file.read()
    data = data[:-1] if data.endswith(b"\xff") else data
    if not _has_all_scans(data):
        raise PictureError(_INCOMPLETE)
    pictures = [_decoded(data + 32 * filling + b"\xff\xd9") for filling in _FILLINGS]
    if any(not np.array_equal(pictures[0], other) for other in pictures[1:]):
        raise PictureError(_INCOMPLETE)
    return io.BytesIO(data + b"\xff\xd9")


def _decoded(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with open_image(io.BytesIO(data)) as image:
        return np.asarray(image)


def _has_all_scans(data: bytes) -> bool:
    """Whether scans give all 64 coefficients of every component in full precision (T.81, B.2.3 and G.1.1)."""
    missing: set[tuple[int, int]] = set()
    at, found = 2, False
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker in (0x00, 0xFF, *_STANDALONE):
            at += 1 if marker == 0xFF else 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4])
        segment = data[at + 4 : at + 2 + size]
        if marker in _FRAMES and len(segment) > 5:
            found = True
            components = segment[6 : 6 + 3 * segment[5] : 3]
            missing = {(component, k) for component in components for k in range(64)}
        if marker == _SOS and len(segment) == size - 2 and len(segment) >= 4:
            count = segment[0]
            first, last, precision = segment[1 + 2 * count : 4 + 2 * count]
            if precision & 15 == 0:
                scanned = segment[1 : 1 + 2 * count : 2]
                missing -= {(component, k) for component in scanned for k in range(first, last + 1)}
        at += 2 + size
    return found and not missing
