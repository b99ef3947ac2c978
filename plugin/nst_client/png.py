"""A painting as a PNG file, for editors that take files; 8 bits, sRGB."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from .pixels import Pixels

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = {3: 2, 4: 6}
"""PNG's number for RGB and RGBA."""


def png_file(painting: Pixels) -> bytes:
    """Return the file of a painting, f32 in 0..1, RGB or RGBA."""
    packed = zlib.compressobj(6)
    data = b"".join((*(packed.compress(b"\0" + row) for row in _rows(painting)), packed.flush()))
    colours = _COLOURS[painting.channels]
    header = struct.pack(">IIBBBBB", painting.width, painting.height, 8, colours, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"sRGB", b"\0"),
            _chunk(b"IDAT", data),
            _chunk(b"IEND", b""),
        )
    )


def _rows(painting: Pixels) -> Iterator[bytes]:
    """Yield the rows in bytes, one at a time: as Python's numbers all of them would take much memory."""
    line, floats = painting.width * painting.channels, memoryview(painting.data).cast("f")
    for start in range(0, len(floats), line):
        yield bytes([int(255 * value + 0.5) for value in floats[start : start + line]])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
