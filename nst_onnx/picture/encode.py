"""Encoders of picture files, tagged as sRGB and with settings metadata."""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, TypeAlias

from nst_onnx.picture.colour_management import srgb_profile
from nst_onnx.picture.metadata import KEYWORD, SOFTWARE, FileMetadata
from nst_onnx.picture.png import stream
from nst_onnx.picture.strips import Rows, by_strips

Encoder: TypeAlias = Callable[[BinaryIO, Rows, int, FileMetadata], None]
"""Writes into a file, strip by strip, the samples (H×W×3 or H×W×4 with straight alpha; uint8, or uint16
where the format has it), in the quality 1..100 of lossy formats, and what the file holds beside them."""

FULL_CHROMA = 90
"""From this JPEG quality on, colour is kept at full resolution (4:4:4), below it at half (4:2:0)."""

_METRES_PER_INCH = 0.0254
_LONGEST_SEGMENT = 65533  # bytes, of a JPEG
_XMP = 700  # TIFF's tag of an XMP packet
_TIFF_STRIP = 1 << 18  # bytes of samples of a strip
_BATCH = 32  # strips that are deflated in parallel
_TIFF_LIMIT = (1 << 32) - (1 << 26)  # bytes of samples: offsets have 32 bits, and deflated noise may grow


def encode_png(file: BinaryIO, samples: Rows, quality: int, metadata: FileMetadata) -> None:
    """Encode as PNG, lossless, 8 or 16 bits, with alpha if there is; see `Encoder`."""
    chunks = [
        (b"iCCP", b"sRGB\0\0" + zlib.compress(srgb_profile())),
        (b"tEXt", b"Software\0" + SOFTWARE.encode("latin-1")),
    ]
    if metadata.dpi is not None:
        per_metre = (round(one / _METRES_PER_INCH) for one in metadata.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    if metadata.photo is not None:
        chunks.append((b"eXIf", metadata.exif(with_description=False).removeprefix(b"Exif\0\0")))
    if metadata.xmp is not None:
        chunks.append(_text("XML:com.adobe.xmp", metadata.xmp))
    if metadata.settings is not None:
        chunks.append(_text(KEYWORD, metadata.settings.encode()))
    stream(file, samples, chunks)


def _text(keyword: str, text: bytes) -> tuple[bytes, bytes]:
    """Return an iTXt chunk: keyword, not compressed, no language, no translated keyword, text."""
    return b"iTXt", keyword.encode() + b"\0\0\0\0\0" + text


def encode_tiff(file: BinaryIO, samples: Rows, quality: int, metadata: FileMetadata) -> None:
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
        description=metadata.settings,
        resolution=metadata.dpi,
        resolutionunit=None if metadata.dpi is None else 2,  # inches
        extratags=_tiff_tags(metadata),
        metadata=None,  # not tifffile's own description
    )


def _tiff_tags(metadata: FileMetadata) -> list[tuple[int, str, int, object, bool]]:
    """Return the photo's texts and XMP as tifffile takes tags: (number, type, count, value, written once)."""
    photo = metadata.photo
    tags: list[tuple[int, str, int, object, bool]] = []
    for number, value in () if photo is None else sorted(photo.tags.items()):
        if isinstance(value, str):
            text = value.encode() + b"\0"
            tags.append((number, "s", len(text), text, True))
    if metadata.xmp is not None:
        tags.append((_XMP, "B", len(metadata.xmp), metadata.xmp, True))
    return tags


def _deflated(samples: Rows, height: int) -> Iterator[bytes]:
    """Yield the samples as TIFF's strips of `height` rows: differences along the rows, deflated."""
    from imagecodecs import deflate_encode, delta_encode

    def encode(top: int) -> bytes:
        return bytes(deflate_encode(delta_encode(samples[top : top + height], axis=-2).tobytes()))

    stop, step = samples.shape[0], height * _BATCH
    with ThreadPoolExecutor() as pool:
        for top in range(0, stop, step):
            yield from pool.map(encode, range(top, min(top + step, stop), height))


def encode_jpeg(file: BinaryIO, samples: Rows, quality: int, metadata: FileMetadata) -> None:
    """Encode H×W×3 uint8 as JPEG; see `Encoder`."""
    subsampling = "4:4:4" if quality >= FULL_CHROMA else "4:2:0"
    dpi = {} if metadata.dpi is None else {"dpi": metadata.dpi}
    encoded = _by_pillow(samples, "JPEG", quality=quality, subsampling=subsampling, optimize=True, **dpi)
    # Pillow would give libjpeg a buffer in which long metadata do not fit beside the pixels.
    exif = metadata.exif()
    if len(exif) > _LONGEST_SEGMENT:
        exif = FileMetadata(metadata.settings).exif()
    first = 4 + int.from_bytes(encoded[4:6])  # behind the JFIF segment, which must be the first
    file.write(encoded[:first] + _segment(exif))
    if metadata.xmp is not None:
        file.write(_segment(b"http://ns.adobe.com/xap/1.0/\0" + metadata.xmp))
    file.write(encoded[first:])


def _segment(data: bytes) -> bytes:
    """Return a segment APP1 of a JPEG."""
    return b"\xff\xe1" + (len(data) + 2).to_bytes(2) + data


def encode_webp(file: BinaryIO, samples: Rows, quality: int, metadata: FileMetadata) -> None:
    """Encode uint8 as lossy WebP, with alpha if there is; see `Encoder`."""
    xmp = {} if metadata.xmp is None else {"xmp": metadata.xmp}
    file.write(_by_pillow(samples, "WEBP", quality=quality, exact=True, exif=metadata.exif(), **xmp))


def _by_pillow(samples: Rows, name: str, **options: Any) -> bytes:
    from PIL import Image

    height, width, channels = samples.shape
    image = Image.new("RGB" if channels == 3 else "RGBA", (width, height))
    for strip, rows in by_strips(samples):
        image.paste(Image.fromarray(rows), (0, strip.start))
    encoded = io.BytesIO()
    image.save(encoded, name, icc_profile=srgb_profile(), **options)
    return encoded.getvalue()
