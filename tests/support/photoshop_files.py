"""Maker of Photoshop's files, by Adobe's specification."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from imagecodecs import packbits_encode

GRAY, INDEXED, RGB, CMYK, SPOT, LAB = 1, 2, 3, 4, 7, 9


def psd(
    samples: npt.NDArray[np.unsignedinteger | np.floating],
    *,
    mode: int = RGB,
    large: bool = False,
    packed: bool = False,
    resources: Mapping[int, bytes] | None = None,
    layers: bytes = b"",
    palette: bytes = b"",
) -> bytes:
    """Return a file whose flattened picture is `samples` (H×W×C) as stored. `layers`: of that section."""
    height, width, channels = samples.shape
    bits = 8 * samples.itemsize
    head = b"8BPS" + struct.pack(">H6xHIIHH", 2 if large else 1, channels, height, width, bits, mode)
    blocks = b"".join(_resource(number, data) for number, data in (resources or {}).items())
    rows = [
        np.ascontiguousarray(row).astype(row.dtype.newbyteorder(">")).tobytes()
        for plane in np.moveaxis(samples, -1, 0)
        for row in plane
    ]
    if packed:
        rows = [bytes(packbits_encode(row)) for row in rows]
        sizes = b"".join(struct.pack(">I" if large else ">H", len(row)) for row in rows)
        image = b"\0\1" + sizes + b"".join(rows)
    else:
        image = b"\0\0" + b"".join(rows)
    return head + _sized(palette) + _sized(blocks) + _sized(layers, ">Q" if large else ">I") + image


def layer_info(count: int, *, large: bool = False) -> bytes:
    """Return a section of layers that begins with their number (negative: the picture is transparent)."""
    return _sized(struct.pack(">h", count) + bytes(6), ">Q" if large else ">I") + _sized(b"")


def further_block(key: bytes, data: bytes, *, large: bool = False) -> bytes:
    """Return a section of layers without any, with two blocks behind: another one, and `key`."""
    begin = (bytes(8) if large else bytes(4)) + _sized(b"")
    other = b"8BIMPatt" + _sized(b"xyz") + b"\0"
    return begin + other + b"8BIM" + key + _sized(data, ">Q" if large else ">I")


def _resource(number: int, data: bytes) -> bytes:
    return b"8BIM" + struct.pack(">H", number) + b"\2ab\0" + _sized(data) + bytes(len(data) % 2)


def _sized(data: bytes, kind: str = ">I") -> bytes:
    return struct.pack(kind, len(data)) + data
