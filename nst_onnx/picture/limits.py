"""Limits of decoding: the size of a picture, and no truncated files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nst_onnx.errors import PictureError

MAX_PIXELS = 400_000_000
"""Default limit of a picture's pixels: 20 000 × 20 000, more than any camera's."""

LARGEST_PROFILE = 1 << 25
"""Bytes of an unpacked ICC profile; table-based ones of scanners have some megabytes."""

_pillow_settings = threading.RLock()


def check_size(height: int, width: int, max_pixels: int | None) -> None:
    """Refuse a picture of more than `max_pixels` (None: no limit) before it is decoded.

    Raises PictureError. Without it a few bytes that declare a huge picture (a
    "decompression bomb") would fill the memory.
    """
    if height < 1 or width < 1:
        raise PictureError(f"it has no pixels ({width}×{height})")
    if max_pixels is not None and height * width > max_pixels:
        raise PictureError(
            f"it has {width}×{height} pixels, more than the limit of {max_pixels / 1e6:g} million",
            "scale it down first",
        )


@contextmanager
def strict_pillow() -> Iterator[None]:
    """Set Pillow to accept any size (`check_size` is the limit) but no truncated file, inside the block.

    Profiles in PNG may have more than Pillow's 1 MB. These are process-wide settings of Pillow that the host
    program may have changed, so they are restored.
    """
    from PIL import Image, ImageFile, PngImagePlugin

    with _pillow_settings:
        text = PngImagePlugin.MAX_TEXT_CHUNK
        pixels, truncated = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, False
        PngImagePlugin.MAX_TEXT_CHUNK = LARGEST_PROFILE
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = pixels, truncated
            PngImagePlugin.MAX_TEXT_CHUNK = text
