"""PNG chunks that no encoder here writes, such as gamma, orientation or a transparent colour."""

from __future__ import annotations

import struct
import zlib

HEADER = 33  # the signature and the IHDR chunk, which is always first


def add_chunks(png: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Return `png` with `chunks` (type, data) behind its header."""
    packed = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return png[:HEADER] + packed + png[HEADER:]
