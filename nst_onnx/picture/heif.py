"""Decoding of HEIC and HEIF, what phones take photos in, by libheif in a process of its own."""

from __future__ import annotations

import base64
from typing import BinaryIO

from nst_onnx.errors import PictureError
from nst_onnx.picture.photo_metadata import PhotoMetadata
from nst_onnx.picture.raster import Raster
from nst_onnx.picture.separate_decoder import decoded
from nst_onnx.picture.strips import copied

_BRANDS = (
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"mif1",
    b"msf1",
)  # ISO/IEC 23008-12, annex B
_OTHERWISE = "save it as JPEG or PNG"


def is_heif(head: bytes) -> bool:
    """Whether a file that begins with `head` is HEIC or HEIF."""
    if head[4:8] != b"ftyp" or head[8:12] not in _BRANDS:
        return False
    return b"avif" not in head[8 : int.from_bytes(head[:4])]  # AVIF may call itself mif1 in the first place


def from_heif(file: BinaryIO, max_pixels: int | None) -> Raster:
    """Decode the primary picture; 10 and 12 bits as 16.

    libheif turns it upright, as its own header says: its EXIF orientation does not apply. Raises PictureError
    for refused sizes and damaged files, and where the decoder is not installed.
    """
    facts, samples = decoded(
        "heif",
        file.read(),
        max_pixels,
        missing=PictureError("it is a HEIC picture", f"pip install pi-heif, or {_OTHERWISE}"),
        damaged=PictureError("it is a HEIC picture that is damaged or incomplete", _OTHERWISE),
    )
    alpha = None
    if facts["mode"].startswith(("RGBA", "RGBa", "LA")):
        samples, alpha = samples[..., :-1], copied(samples[..., -1])
    if samples.ndim == 3 and samples.shape[2] == 1:
        samples = samples[..., 0]
    blobs = {name: base64.b64decode(facts.get(name, "")) or None for name in ("icc_profile", "exif", "xmp")}
    return Raster(
        copied(samples),
        "gray" if samples.ndim == 2 else "rgb",
        alpha,
        icc=blobs["icc_profile"],
        metadata=PhotoMetadata.of(exif=blobs["exif"], xmp=blobs["xmp"]),
    )
