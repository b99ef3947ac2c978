"""Pictures inside of archives: the merged picture of a KRA or ORA file, the thumbnail of a learned style."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

MERGED = (".kra", ".ora")
LEARNED = ".nst"
_LARGEST = 1 << 30  # bytes


def merged_picture(path: Path) -> bytes | None:
    """Return the PNG file of all layers that a KRA or ORA file holds; None where it holds none."""
    return _member(path, "mergedimage.png")


def thumbnail(path: Path) -> bytes | None:
    """Return the picture file in a learned style; None where it has none."""
    array = _member(path, "thumbnail.npy")
    if array is None or array[:6] != b"\x93NUMPY":
        return None
    # NumPy's format: magic, version, the header's length in 2 bytes (4 from version 2 on), header, data.
    size, form = (2, "<H") if array[6] == 1 else (4, "<I")
    start = 8 + size + struct.unpack_from(form, array, 8)[0]
    return array[start:] or None


def _member(path: Path, name: str) -> bytes | None:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size > _LARGEST:
                return None
            return archive.read(name)
    except (OSError, KeyError, ValueError, NotImplementedError, zipfile.BadZipFile, struct.error):
        return None
