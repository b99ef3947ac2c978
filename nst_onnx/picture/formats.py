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

READ_HINT = "use PNG, JPEG, HEIC, TIFF, WebP, AVIF, GIF, BMP, JPEG 2000, PPM or PSD"

_OTHERS = (
    (4, b"ftypavif", "an AVIF picture, which this Pillow cannot read"),
    (4, b"ftypavis", "an AVIF picture, which this Pillow cannot read"),
    (4, b"ftyp", "a video"),
    (0, b"gimp xcf", "a GIMP project"),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance HDR picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (0, b"PK\x03\x04", "an archive or office document"),
    (0, b"version https://git-lfs", "a Git LFS pointer, not the picture itself"),
)
_MARKUP = ((b"<svg", "an SVG drawing"), (b"<html", "a web page"), (b"<!doctype html", "a web page"))


def name_of_other(head: bytes) -> str | None:
    """Return the name of a known format that is not read, from the file's first bytes; None for others."""
    for offset, magic, name in _OTHERS:
        if head[offset:].startswith(magic):
            return name
    start = head.lower()
    return next((name for magic, name in _MARKUP if magic in start), None)
