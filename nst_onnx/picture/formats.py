"""Picture formats: those that are read, and the names of others for error messages."""

from __future__ import annotations

READ = (
    *("PNG", "JPEG", "MPO", "TIFF", "WEBP", "AVIF", "GIF", "BMP", "DIB"),
    *("JPEG2000", "PPM", "PSD", "QOI", "SGI"),
)
"""Pillow's names of the formats that are read, where this Pillow has them.

Excluded: formats that run other programs (EPS), are no pictures (GRIB, MPEG), or have so weak a
signature that any file may match (TGA, PCX).
"""

READ_HINT = "use PNG, JPEG, TIFF, WebP, AVIF, GIF, BMP, JPEG 2000, PPM or PSD"

_OTHERS = (
    (0, b"II*\0\x10\0\0\0CR", "a Canon camera's raw file"),
    (0, b"FUJIFILMCCD-RAW", "a Fujifilm camera's raw file"),
    (4, b"ftypcrx", "a Canon camera's raw file"),
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftyphev", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftypmsf1", "a HEIC picture"),
    (4, b"ftypavif", "an AVIF picture, which this Pillow cannot read"),
    (4, b"ftypavis", "an AVIF picture, which this Pillow cannot read"),
    (4, b"ftyp", "a video"),
    (4, b"JXL \r\n", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"gimp xcf", "a GIMP project"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (0, b"PK\x03\x04", "an archive or office document"),
    (0, b"version https://git-lfs", "a Git LFS pointer, not the picture itself"),
)
_MARKUP = ((b"<svg", "an SVG drawing"), (b"<html", "a web page"), (b"<!doctype html", "a web page"))


def is_tiff(head: bytes) -> bool:
    """Whether a file that begins with `head` is TIFF or BigTIFF."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_deep_png(head: bytes) -> bool:
    """Whether a file that begins with `head` is PNG with 16 bits a sample."""
    return head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR" and head[24:25] == b"\x10"


def name_of_other(head: bytes) -> str | None:
    """Return the name of a known format that is not read, from the file's first bytes; None for others."""
    for offset, magic, name in _OTHERS:
        if head[offset:].startswith(magic):
            return name
    start = head.lower()
    return next((name for magic, name in _MARKUP if magic in start), None)
