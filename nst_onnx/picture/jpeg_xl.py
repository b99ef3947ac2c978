"""Decoding of JPEG XL, by libjxl through Pillow's plug-in for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO

from nst_onnx.errors import PictureError
from nst_onnx.picture.limits import check_size
from nst_onnx.picture.pillow import from_image
from nst_onnx.picture.raster import Raster

_CODESTREAM, _CONTAINER = b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"
_DAMAGED = "it is a JPEG XL picture that is damaged or incomplete"
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # width to height, by 1..7


def is_jpeg_xl(head: bytes) -> bool:
    """Whether a file that begins with `head` is JPEG XL: a bare codestream, or in its container."""
    return head.startswith((_CODESTREAM, _CONTAINER))


def from_jpeg_xl(file: BinaryIO, max_pixels: int | None) -> Raster:
    """Decode the picture, in 8 bits; upright, as its own header says (its EXIF orientation does not apply).

    The plug-in decodes it at once, so its size is read before. Raises PictureError for a refused size, a
    damaged file, and where the plug-in is not installed.
    """
    try:
        from pillow_jxl import JpegXLImagePlugin
    except ImportError as error:
        raise PictureError(
            "it is a JPEG XL picture", 'pip install "nst-onnx[formats]", or save it as PNG'
        ) from error
    data = file.read()
    check_size(*_size(data), max_pixels)
    file.seek(0)
    try:
        image = JpegXLImagePlugin.JXLImageFile(file)
        image.load()
    except (
        Exception
    ) as error:  # the decoder is another language's: any exception, with messages for developers
        raise PictureError(_DAMAGED, "save it as PNG or JPEG") from error
    return replace(from_image(image, max_pixels), orientation=1)


@dataclass
class _Bits:
    """Bits of a codestream, the lowest of each byte first."""

    number: int

    def take(self, count: int) -> int:
        value = self.number & ((1 << count) - 1)
        self.number >>= count
        return value


def _size(data: bytes) -> tuple[int, int]:
    """Return (height, width) from the header of a codestream (ISO/IEC 18181-1, SizeHeader)."""
    bits = _Bits(int.from_bytes(_codestream(data)[2:16], "little"))

    def side(small: bool) -> int:
        return 8 * (bits.take(5) + 1) if small else bits.take((9, 13, 18, 30)[bits.take(2)]) + 1

    small = bool(bits.take(1))
    height = side(small)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return height, height * across // down
    return height, side(small)


def _codestream(data: bytes) -> bytes:
    """Return the first bytes of the codestream; the boxes of a container are followed to it (18181-2)."""
    if data.startswith(_CODESTREAM):
        return data[:16]
    at = 0
    while 0 <= at < len(data) - 16:
        size, kind, header = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16]), 16
        if kind in (b"jxlc", b"jxlp"):
            at += header + (4 if kind == b"jxlp" else 0)
            return data[at : at + 16]
        if size < header:
            break
        at += size
    raise PictureError(_DAMAGED, "save it as PNG or JPEG")
