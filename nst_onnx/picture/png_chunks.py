"""PNG files with damage that does not touch the pixels: the chunks in question are left out."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from nst_onnx.picture.limits import LARGEST_PROFILE

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_TEXT = (b"tEXt", b"zTXt", b"iTXt")
_WANTED_TEXT = (
    b"XML:com.adobe.xmp\0",
    b"Raw profile type ",
)  # XMP; EXIF and others as ImageMagick stores them
_LARGEST_TEXT = 1 << 20  # bytes of a text chunk
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")  # only the first picture is read


@dataclass(frozen=True)
class _Chunk:
    """A chunk at byte `start` of the file: its type, and its data unless it holds pixels."""

    start: int
    size: int
    kind: bytes
    data: bytes
    checksum: int

    @property
    def sound(self) -> bool:
        return zlib.crc32(self.kind + self.data) == self.checksum

    @property
    def end(self) -> int:
        return self.start + 12 + self.size


def without_damage(file: BinaryIO) -> tuple[BinaryIO, list[str]]:
    """Return a PNG file without what decoders may refuse and its pixels do not need, and notes about it.

    Left out are ancillary chunks with a wrong checksum, a profile that does not unpack, and text, which
    decoders limit (but EXIF and XMP up to 1 MiB). A file with nothing of the kind is returned as it is, from
    its start, and so is one whose chunks cannot be followed: the decoder will say why.
    """
    chunks = _chunks(file)
    file.seek(0)
    if chunks is None:
        return file, []
    left_out = {chunk.start: reason for chunk in chunks if (reason := _reason(chunk)) is not None}
    if not left_out:
        return file, []
    kept = io.BytesIO()
    kept.write(file.read(len(SIGNATURE)))
    for chunk in chunks:
        if chunk.start not in left_out:
            file.seek(chunk.start)
            kept.write(file.read(12 + chunk.size))
    kept.seek(0)
    return kept, sorted({reason for reason in left_out.values() if reason})


def _chunks(file: BinaryIO) -> list[_Chunk] | None:
    """Return the chunks of a file, from which pixel data are not read; None where their order is broken."""
    size = file.seek(0, io.SEEK_END)
    at, chunks = len(SIGNATURE), []
    while at < size:
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return None
        length, kind = struct.unpack(">I4s", header)
        if not kind.isalpha() or at + 12 + length > size:
            return None
        data = b"" if kind in _CRITICAL else file.read(length)
        file.seek(at + 8 + length)
        chunks.append(_Chunk(at, length, kind, data, struct.unpack(">I", file.read(4))[0]))
        at = chunks[-1].end
        if kind == b"IEND":
            return chunks
    return None


def _reason(chunk: _Chunk) -> str | None:
    """Return why a chunk is left out, empty where no warning is needed; None for one that stays."""
    if chunk.kind in _CRITICAL:
        return None
    if chunk.kind in _TEXT and (chunk.size > _LARGEST_TEXT or not chunk.data.startswith(_WANTED_TEXT)):
        return ""
    if not chunk.sound and chunk.kind not in _ANIMATION:
        name = chunk.kind.decode("ascii")
        return f"its {name} chunk has a wrong checksum, and is left out"
    if chunk.kind == b"iCCP" and not _unpacks(chunk.data):
        return "its ICC profile is broken, so its colours may be slightly off"
    return None


def _unpacks(data: bytes) -> bool:
    """Whether the profile of an iCCP chunk (name, 0, method, deflated profile) is whole and not too large."""
    _, _, packed = data.partition(b"\0")
    inflate = zlib.decompressobj()
    try:
        inflate.decompress(packed[1:], LARGEST_PROFILE)
    except zlib.error:
        return False
    return inflate.eof
