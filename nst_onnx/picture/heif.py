"""Decoding of HEIC and HEIF, what phones take photos in, by libheif."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from nst_onnx.errors import PictureError
from nst_onnx.picture.limits import check_size
from nst_onnx.picture.photo_metadata import PhotoMetadata
from nst_onnx.picture.raster import Raster
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

    libheif turns it upright, as its own header says: its EXIF orientation does not apply.

    Raises PictureError for refused sizes, and the decoder's exceptions for damaged files.
    """
    try:
        import pi_heif
    except ImportError as error:
        raise PictureError("it is a HEIC picture", f"pip install pi-heif, or {_OTHERWISE}") from error

    try:
        image = pi_heif.open_heif(file, convert_hdr_to_8bit=False)
        check_size(image.size[1], image.size[0], max_pixels)
        samples = np.asarray(image)
    except (ValueError, EOFError) as error:
        raise PictureError("it is a HEIC picture that is damaged or incomplete", _OTHERWISE) from error
    info = image.info
    alpha = None
    if image.mode.startswith(("RGBA", "RGBa", "LA")):
        samples, alpha = samples[..., :-1], copied(samples[..., -1])
    if samples.ndim == 3 and samples.shape[2] == 1:
        samples = samples[..., 0]
    return Raster(
        copied(samples),
        "gray" if samples.ndim == 2 else "rgb",
        alpha,
        icc=info.get("icc_profile") or None,
        metadata=PhotoMetadata.of(exif=info.get("exif"), xmp=info.get("xmp")),
    )
