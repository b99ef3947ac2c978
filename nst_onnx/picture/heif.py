"""Decoding of HEIC and HEIF, what phones take photos in, by libheif in a process of its own."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nst_onnx.errors import PictureError
from nst_onnx.picture import heif_process
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
_PATIENCE = 300  # seconds
_NO_WINDOW = 0x08000000  # Windows' CREATE_NO_WINDOW


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
    facts, samples = _decoded(file.read(), max_pixels)
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


def _decoded(data: bytes, max_pixels: int | None) -> tuple[dict[str, Any], np.ndarray[Any, np.dtype[Any]]]:
    """Return the facts and the samples that the decoder's process prints."""
    # -P: nothing beside the program, or in the working folder, is imported.
    words = [sys.executable, "-P", str(Path(heif_process.__file__)), str(max_pixels or 0)]
    flags = _NO_WINDOW if sys.platform == "win32" else 0
    try:
        done = subprocess.run(
            words, input=data, capture_output=True, timeout=_PATIENCE, creationflags=flags, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PictureError(
            "it is a HEIC picture that cannot be decoded in five minutes", _OTHERWISE
        ) from error
    if done.returncode == 3:
        raise PictureError("it is a HEIC picture", f"pip install pi-heif, or {_OTHERWISE}")
    if done.returncode:  # refused by libheif, or crashed in it
        raise PictureError("it is a HEIC picture that is damaged or incomplete", _OTHERWISE)
    line, _, samples = done.stdout.partition(b"\n")
    facts: dict[str, Any] = json.loads(line)
    height, width = facts["size"]
    check_size(height, width, max_pixels)
    return facts, np.frombuffer(samples, facts["dtype"]).reshape(facts["shape"])
