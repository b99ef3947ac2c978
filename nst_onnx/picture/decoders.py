"""The decoders of picture files beside Pillow's, by the file's first bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeAlias

from nst_onnx.picture.camera_raw import from_camera_raw, is_camera_raw
from nst_onnx.picture.heif import from_heif, is_heif
from nst_onnx.picture.jpeg import from_jpeg
from nst_onnx.picture.jpeg_xl import from_jpeg_xl, is_jpeg_xl
from nst_onnx.picture.photoshop import from_photoshop, is_photoshop
from nst_onnx.picture.pillow import from_file
from nst_onnx.picture.png import from_deep_png
from nst_onnx.picture.png_chunks import SIGNATURE, without_damage
from nst_onnx.picture.raster import Raster
from nst_onnx.picture.tiff import from_tiff
from nst_onnx.support.memory import Memory

Decode: TypeAlias = Callable[[BinaryIO, int | None, Memory | None], Raster | None]
"""Decodes a file of at most so many pixels (None: any); None if it leaves the file to the next decoder.

Raises PictureError for what is refused, and the decoder's exceptions for damaged files.
"""


@dataclass(frozen=True)
class Decoder:
    """Decodes the files whose first 512 bytes it `accepts`."""

    accepts: Callable[[bytes], bool]
    decode: Decode


def _is_png(head: bytes) -> bool:
    return head.startswith(SIGNATURE)


def _is_jpeg(head: bytes) -> bool:
    return head.startswith(b"\xff\xd8\xff")


def _is_tiff(head: bytes) -> bool:
    """Whether it is TIFF or BigTIFF."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _png(file: BinaryIO, max_pixels: int | None, memory: Memory | None) -> Raster:
    file.seek(24)
    deep = file.read(1) == b"\x10"
    sound, notes = without_damage(file)
    raster = from_deep_png(sound, max_pixels) if deep else from_file(sound, max_pixels)
    return replace(raster, notes=tuple(notes))


DECODERS = (
    Decoder(_is_png, _png),
    Decoder(_is_jpeg, lambda file, max_pixels, memory: from_jpeg(file, max_pixels)),
    Decoder(is_camera_raw, lambda file, max_pixels, memory: from_camera_raw(file, max_pixels)),
    Decoder(_is_tiff, from_tiff),
    Decoder(is_photoshop, from_photoshop),
    Decoder(is_heif, lambda file, max_pixels, memory: from_heif(file, max_pixels)),
    Decoder(is_jpeg_xl, lambda file, max_pixels, memory: from_jpeg_xl(file, max_pixels)),
)
