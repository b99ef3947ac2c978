"""Encoding a picture into the bytes of a file, tagged as sRGB and with its settings."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nst_onnx.picture.colour_management import srgb_profile
from nst_onnx.picture.metadata import IMAGE_DESCRIPTION, KEYWORD, SOFTWARE, SOFTWARE_TAG
from nst_onnx.picture.png import add_chunks

Encoder: TypeAlias = Callable[[NDArray[np.unsignedinteger[Any]], int, str | None], bytes]
"""Takes the samples (H×W×3 or H×W×4 with straight alpha; uint8, or uint16 where the format has
it), the quality 1..100 of lossy formats, and the packed settings or None."""

FULL_CHROMA = 90
"""From this JPEG quality on, colour is kept at full resolution (4:4:4), below it at half (4:2:0)."""


def encode_png(samples: NDArray[np.unsignedinteger[Any]], quality: int, settings: str | None) -> bytes:
    """Encode as PNG, lossless, 8 or 16 bits, with alpha if there is; see `Encoder`."""
    from imagecodecs import png_encode

    chunks = [
        (b"iCCP", b"sRGB\0\0" + zlib.compress(srgb_profile())),
        (b"tEXt", b"Software\0" + SOFTWARE.encode("latin-1")),
    ]
    if settings is not None:  # keyword, not compressed, no language, no translated keyword, text
        chunks.append((b"iTXt", KEYWORD.encode() + b"\0\0\0\0\0" + settings.encode()))
    return add_chunks(bytes(png_encode(np.ascontiguousarray(samples), level=6)), chunks)


def encode_tiff(samples: NDArray[np.unsignedinteger[Any]], quality: int, settings: str | None) -> bytes:
    """Encode as TIFF, lossless (Deflate), 8 or 16 bits, with alpha if there is; see `Encoder`."""
    import tifffile

    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        samples,
        photometric="rgb",
        extrasamples=["unassalpha"] if samples.shape[2] == 4 else None,
        compression="zlib",
        predictor=True,
        iccprofile=srgb_profile(),
        software=SOFTWARE,
        description=settings,
        metadata=None,  # not tifffile's own description
    )
    return buffer.getvalue()


def encode_jpeg(samples: NDArray[np.unsignedinteger[Any]], quality: int, settings: str | None) -> bytes:
    """Encode H×W×3 uint8 as JPEG; see `Encoder`."""
    subsampling = "4:4:4" if quality >= FULL_CHROMA else "4:2:0"
    return _by_pillow(samples, "JPEG", settings, quality=quality, subsampling=subsampling, optimize=True)


def encode_webp(samples: NDArray[np.unsignedinteger[Any]], quality: int, settings: str | None) -> bytes:
    """Encode uint8 as lossy WebP, with alpha if there is; see `Encoder`."""
    return _by_pillow(samples, "WEBP", settings, quality=quality, exact=True)


def _by_pillow(
    samples: NDArray[np.unsignedinteger[Any]], name: str, settings: str | None, **options: Any
) -> bytes:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(samples))
    exif = Image.Exif()
    exif[SOFTWARE_TAG] = SOFTWARE
    if settings is not None:
        exif[IMAGE_DESCRIPTION] = settings
    buffer = io.BytesIO()
    image.save(buffer, name, icc_profile=srgb_profile(), exif=exif, **options)
    return buffer.getvalue()
