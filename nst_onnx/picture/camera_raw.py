"""Development of cameras' raw files, by LibRaw in a process of its own."""

from __future__ import annotations

from typing import BinaryIO

from nst_onnx.errors import PictureError
from nst_onnx.picture.raster import Raster
from nst_onnx.picture.separate_decoder import decoded
from nst_onnx.picture.strips import copied

SUFFIXES = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw"),
    *(".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)
DEVELOP = 'pip install "nst-onnx[formats]", or develop it first and save it as TIFF, PNG or JPEG'

_SIGNATURES = (
    (0, b"II*\0\x10\0\0\0CR", "a Canon camera's raw file"),  # CR2
    (4, b"ftypcrx", "a Canon camera's raw file"),  # CR3
    (6, b"HEAPCCDR", "a Canon camera's raw file"),  # CRW
    (0, b"FUJIFILMCCD-RAW", "a Fujifilm camera's raw file"),
    (0, b"IIU\0", "a Panasonic camera's raw file"),
    (0, b"IIRO", "an Olympus camera's raw file"),
    (0, b"IIRS", "an Olympus camera's raw file"),
    (0, b"MMOR", "an Olympus camera's raw file"),
    (0, b"FOVb", "a Sigma camera's raw file"),
    (0, b"\0MRM", "a Minolta camera's raw file"),
)


def is_camera_raw(head: bytes) -> bool:
    """Whether a file that begins with `head` is a raw file with a signature of its own; many are TIFFs."""
    return _name(head) is not None


def _name(head: bytes) -> str | None:
    return next((name for offset, magic, name in _SIGNATURES if head[offset:].startswith(magic)), None)


def is_available() -> bool:
    """Whether raw files can be developed here."""
    try:
        import rawpy  # noqa: F401
    except ImportError:
        return False
    return True


def from_camera_raw(file: BinaryIO, max_pixels: int | None) -> Raster:
    """Develop a raw file in 16 bits: sRGB, with the camera's white balance, otherwise by LibRaw's defaults.

    LibRaw turns it upright.

    Raises PictureError for refused sizes, for what LibRaw cannot develop, and where it is not installed.
    """
    file.seek(0)
    name = _name(file.read(16)) or "a camera's raw file"
    file.seek(0)
    _, samples = decoded(
        "raw",
        file.read(),
        max_pixels,
        missing=PictureError(f"it is {name}", DEVELOP),
        damaged=PictureError(
            f"it is {name} that cannot be developed here", "develop it first and save it as TIFF, PNG or JPEG"
        ),
    )
    return Raster(copied(samples), "rgb")
