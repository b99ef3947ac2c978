"""PNG files with 16 bits a sample, which Pillow would cut to 8; and PNG chunks."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

from nst_onnx.picture.limits import check_size
from nst_onnx.picture.pillow import embedded_profile, open_image, orientation_of
from nst_onnx.picture.raster import Raster

_HEADER = 33  # the signature and the IHDR chunk, which is always first


def from_deep_png(file: BinaryIO, max_pixels: int | None) -> Raster:
    """Decode a PNG of 16 bits: gray or RGB, with or without alpha or a transparent colour.

    Raises PictureError for sizes that are refused, and what the decoders raise for damaged files.
    """
    from imagecodecs import png_decode

    with open_image(file) as image:
        check_size(image.height, image.width, max_pixels)
        image.load()  # checks every chunk, and finds EXIF behind the pixels
        profile, orientation = embedded_profile(image), orientation_of(image)
    file.seek(0)
    samples = png_decode(file.read())
    alpha = None
    if samples.ndim == 3 and samples.shape[2] in (2, 4):
        samples, alpha = samples[..., :-1], samples[..., -1]
    if samples.ndim == 3 and samples.shape[2] == 1:
        samples = samples[..., 0]
    return Raster(samples, "gray" if samples.ndim == 2 else "rgb", alpha, profile, orientation)


def add_chunks(png: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Return `png` with `chunks` (type, data) behind its header, where readers want metadata."""
    packed = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return png[:_HEADER] + packed + png[_HEADER:]
