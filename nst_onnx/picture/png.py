"""PNG: decoding of 16 bits a sample, which Pillow truncates to 8, and encoding strip by strip."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np

from nst_onnx.picture.limits import check_size
from nst_onnx.picture.photo_metadata import PhotoMetadata
from nst_onnx.picture.pillow import embedded_profile, open_image, orientation_of
from nst_onnx.picture.png_chunks import SIGNATURE
from nst_onnx.picture.raster import Raster
from nst_onnx.picture.strips import Rows, by_strips
from nst_onnx.support.arrays import Samples

_RGB, _RGBA = 2, 6  # colour types (PNG specification, 11.2.2)
_LEVEL = 6  # zlib's default


def from_deep_png(file: BinaryIO, max_pixels: int | None) -> Raster:
    """Decode a PNG of 16 bits: gray or RGB, with or without alpha or a transparent colour.

    Raises PictureError for refused sizes, and the decoders' exceptions for damaged files.
    """
    from imagecodecs import png_decode

    with open_image(file) as image:
        check_size(image.height, image.width, max_pixels)
        image.load()  # checks every chunk, and finds EXIF behind the pixels
        profile, orientation = embedded_profile(image), orientation_of(image)
        metadata = PhotoMetadata.of_image(image)
    del image  # frees its pixels
    file.seek(0)
    samples = png_decode(file.read())
    alpha = None
    if samples.ndim == 3 and samples.shape[2] in (2, 4):
        samples, alpha = samples[..., :-1], samples[..., -1]
    if samples.ndim == 3 and samples.shape[2] == 1:
        samples = samples[..., 0]
    return Raster(samples, "gray" if samples.ndim == 2 else "rgb", alpha, profile, orientation, metadata)


def stream(file: BinaryIO, samples: Rows, chunks: Iterable[tuple[bytes, bytes]]) -> None:
    """Write samples (H×W×3 or H×W×4, uint8 or uint16) strip by strip as PNG.

    `chunks` (type, data) are metadata and are written before the pixels, where readers expect them.
    """
    height, width, channels = samples.shape
    bits, kind = 8 * samples.dtype.itemsize, _RGB if channels == 3 else _RGBA
    file.write(SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)))
    for chunk in chunks:
        file.write(_chunk(*chunk))
    deflate = zlib.compressobj(_LEVEL)
    above = samples[0:0]
    for _, rows in by_strips(samples):
        file.write(_chunk(b"IDAT", deflate.compress(_filtered(rows, above))))
        above = rows[-1:]
    file.write(_chunk(b"IDAT", deflate.flush()) + _chunk(b"IEND", b""))


def _filtered(rows: Samples, above: Samples) -> bytes:
    """Return filtered rows as PNG deflates them: each with its filter type in front.

    libpng selects the filters from these rows and the row above (or none): it encodes them as a PNG of
    their own, from which the filtered rows are extracted.
    """
    from imagecodecs import png_encode

    stacked = np.concatenate([above, rows])
    capacity = 2 * (stacked.nbytes + len(stacked)) + 1024  # one byte more a row, and the chunks
    png = bytes(png_encode(stacked, level=0, out=capacity))
    pixels = zlib.decompress(b"".join(data for kind, data in _chunks(png) if kind == b"IDAT"))
    return pixels[len(pixels) // len(stacked) * len(above) :]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks (type, data) of a valid PNG."""
    at = len(SIGNATURE)
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        yield kind, png[at + 8 : at + 8 + size]
        at += 12 + size
