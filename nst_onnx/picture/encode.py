"""Encoders of picture files, tagged as sRGB and with settings metadata."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, TypeAlias

from nst_onnx.picture.colour_management import srgb_profile
from nst_onnx.picture.metadata import IMAGE_DESCRIPTION, KEYWORD, SOFTWARE, SOFTWARE_TAG
from nst_onnx.picture.png import stream
from nst_onnx.picture.strips import Rows, by_strips

Encoder: TypeAlias = Callable[[BinaryIO, Rows, int, str | None], None]
"""Writes into a file, strip by strip, the samples (H×W×3 or H×W×4 with straight alpha; uint8, or
uint16 where the format has it), in the quality 1..100 of lossy formats, and the packed settings or None."""

FULL_CHROMA = 90
"""From this JPEG quality on, colour is kept at full resolution (4:4:4), below it at half (4:2:0)."""

_TIFF_STRIP = 1 << 18  # bytes of samples of a strip
_BATCH = 32  # strips that are deflated in parallel
_TIFF_LIMIT = (1 << 32) - (1 << 26)  # bytes of samples: offsets have 32 bits, and deflated noise may grow


def encode_png(file: BinaryIO, samples: Rows, quality: int, settings: str | None) -> None:
    """Encode as PNG, lossless, 8 or 16 bits, with alpha if there is; see `Encoder`."""
    chunks = [
        (b"iCCP", b"sRGB\0\0" + zlib.compress(srgb_profile())),
        (b"tEXt", b"Software\0" + SOFTWARE.encode("latin-1")),
    ]
    if settings is not None:  # keyword, not compressed, no language, no translated keyword, text
        chunks.append((b"iTXt", KEYWORD.encode() + b"\0\0\0\0\0" + settings.encode()))
    stream(file, samples, chunks)


def encode_tiff(file: BinaryIO, samples: Rows, quality: int, settings: str | None) -> None:
    """Encode as TIFF, lossless (Deflate), 8 or 16 bits, with alpha if there is; see `Encoder`.

    BigTIFF where the samples might fill the 4 GiB that TIFF can hold.
    """
    import tifffile

    height, *row = samples.shape
    row_bytes = math.prod(row) * samples.dtype.itemsize
    strip = min(max(1, _TIFF_STRIP // row_bytes), height)
    tifffile.imwrite(
        tifffile.FileHandle(file, "wb", name="picture"),
        _deflated(samples, strip),
        shape=samples.shape,
        dtype=samples.dtype,
        bigtiff=height * row_bytes > _TIFF_LIMIT,
        rowsperstrip=strip,
        photometric="rgb",
        extrasamples=["unassalpha"] if samples.shape[2] == 4 else None,
        compression="zlib",
        predictor=True,
        iccprofile=srgb_profile(),
        software=SOFTWARE,
        description=settings,
        metadata=None,  # not tifffile's own description
    )


def _deflated(samples: Rows, height: int) -> Iterator[bytes]:
    """Yield the samples as TIFF's strips of `height` rows: differences along the rows, deflated."""
    from imagecodecs import deflate_encode, delta_encode

    def encode(top: int) -> bytes:
        return bytes(deflate_encode(delta_encode(samples[top : top + height], axis=-2).tobytes()))

    stop, step = samples.shape[0], height * _BATCH
    with ThreadPoolExecutor() as pool:
        for top in range(0, stop, step):
            yield from pool.map(encode, range(top, min(top + step, stop), height))


def encode_jpeg(file: BinaryIO, samples: Rows, quality: int, settings: str | None) -> None:
    """Encode H×W×3 uint8 as JPEG; see `Encoder`."""
    subsampling = "4:4:4" if quality >= FULL_CHROMA else "4:2:0"
    _by_pillow(file, samples, "JPEG", settings, quality=quality, subsampling=subsampling, optimize=True)


def encode_webp(file: BinaryIO, samples: Rows, quality: int, settings: str | None) -> None:
    """Encode uint8 as lossy WebP, with alpha if there is; see `Encoder`."""
    _by_pillow(file, samples, "WEBP", settings, quality=quality, exact=True)


def _by_pillow(file: BinaryIO, samples: Rows, name: str, settings: str | None, **options: Any) -> None:
    from PIL import Image

    height, width, channels = samples.shape
    image = Image.new("RGB" if channels == 3 else "RGBA", (width, height))
    for strip, rows in by_strips(samples):
        image.paste(Image.fromarray(rows), (0, strip.start))
    exif = Image.Exif()
    exif[SOFTWARE_TAG] = SOFTWARE
    if settings is not None:
        exif[IMAGE_DESCRIPTION] = settings
    image.save(file, name, icc_profile=srgb_profile(), exif=exif, **options)
