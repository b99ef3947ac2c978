"""Upper bound on the size of a weight file's arrays, checked before any of them is allocated.

A few kilobytes of compressed zeros can declare terabytes (a "decompression bomb").
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable

from nst_onnx.errors import ModelError

MAX_BYTES = 4 << 30
"""Bytes that all arrays of a file may have together, decompressed. VGG-19 has 0.6 GB with its classifier."""


def check_total(sizes: Iterable[int]) -> None:
    """Raise ModelError as soon as arrays of these sizes in bytes exceed `MAX_BYTES` together."""
    total = 0
    for size in sizes:
        total += size
        if total > MAX_BYTES:
            raise ModelError(
                f"its arrays exceed the limit of {MAX_BYTES / 1e9:.3g} GB",
                "it is not a VGG, or the file is damaged",
            )


def check_zip(archive: zipfile.ZipFile) -> None:
    """Raise ModelError where the members of an archive, decompressed, exceed `MAX_BYTES` together."""
    check_total(member.file_size for member in archive.infolist())
