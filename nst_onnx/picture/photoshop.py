"""Decoding of the flattened picture in Photoshop's files (PSD, and PSB for large documents), 8 and 16 bits.

Format: Adobe Photoshop File Formats Specification (2019). Pillow decodes 8 bits too, but takes any fourth
channel, such as a saved selection, for transparency, and leaves the white that Photoshop lays beneath.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np

from nst_onnx.errors import PictureError
from nst_onnx.picture.colour_management import Space
from nst_onnx.picture.limits import check_size
from nst_onnx.picture.photo_metadata import PhotoMetadata
from nst_onnx.picture.raster import Raster, unit
from nst_onnx.picture.strips import Computed, Rows, by_strips, converted
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Samples
from nst_onnx.support.memory import Memory

SIGNATURE = b"8BPS"

_SPACES: Mapping[int, tuple[Space, int]] = {
    1: ("gray", 1),
    3: ("rgb", 3),
    4: ("cmyk", 4),
    8: ("gray", 1),  # duotone, which other programs are to show as gray
}
_SPOT_COLOURS = 7
_NAMES = {0: "a bitmap", 2: "indexed colours", _SPOT_COLOURS: "spot colours only", 9: "Lab colours"}
_AS_RGB = "convert it to RGB, or save it as TIFF or PNG"
_INCOMPLETE = "it is damaged or incomplete: some of its pixels are missing"

# Numbers of image resources
_RESOLUTION, _PROFILE, _VERSION_INFO, _EXIF, _XMP = 1005, 1039, 1057, 1058, 1060

_LARGEST_SIDE, _LARGEST_SIDE_PSB, _MOST_CHANNELS = 30_000, 300_000, 56  # of the format

_RAW, _PACKBITS = 0, 1  # compressions
_ROUNDED = 2  # levels
_LAYERS = (b"Layr", b"Lr16", b"Lr32")
_TRANSPARENT = (b"Mtrn", b"Mt16", b"Mt32")
_LONG = (
    *(*_LAYERS, *_TRANSPARENT),
    *(b"LMsk", b"Alph", b"FMsk", b"lnk2", b"FEid", b"FXid", b"PxSD"),
)
"""Blocks whose length has eight bytes in a large document."""


@dataclass(frozen=True)
class _Header:
    """The first 26 bytes. `large`: whether it is a PSB, some of whose lengths have twice as many bytes."""

    large: bool
    channels: int
    height: int
    width: int
    bits: int
    mode: int

    @classmethod
    def of(cls, file: BinaryIO) -> _Header:
        _, version, *facts = struct.unpack(">4sH6xHIIHH", file.read(26))
        return cls(version == 2, *facts)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return np.dtype(np.uint8 if self.bits == 8 else np.uint16)


def is_photoshop(head: bytes) -> bool:
    """Whether a file that begins with `head` is a PSD or PSB."""
    return head.startswith((SIGNATURE + b"\0\1", SIGNATURE + b"\0\2"))


def from_photoshop(file: BinaryIO, max_pixels: int | None, memory: Memory | None) -> Raster | None:
    """Decode the flattened picture: gray, RGB or CMYK of 8 or 16 bits, with the transparency of its layers.

    None for small documents in other colours, which Pillow decodes. Channels beside colour and transparency
    (saved selections, spot colours) are left out. What `memory` does not hold is decoded into a memory-mapped
    array. Raises PictureError for what is refused.
    """
    header = _Header.of(file)
    if header.height < 1 or header.width < 1:
        raise PictureError("it is a damaged Photoshop file (PSD or PSB), without pixels")
    check_size(header.height, header.width, max_pixels)
    longest = _LARGEST_SIDE_PSB if header.large else _LARGEST_SIDE
    if max(header.height, header.width) > longest or header.channels > _MOST_CHANNELS:
        raise PictureError("it is a damaged Photoshop file (PSD or PSB): its sizes are not possible")
    _skip(file, 4)  # palette
    resources = _resources(file.read(_number(file, 4)))
    version = resources.get(_VERSION_INFO, b"")
    if version[4:5] == b"\0":
        raise PictureError(
            "it holds layers only, without the flattened picture",
            'save it again with "Maximize Compatibility", or as TIFF or PNG',
        )
    if header.bits == 32:
        raise PictureError(
            "it is a Photoshop file of 32 bits a channel", "convert it to 16 bits a channel first"
        )
    if header.mode not in _SPACES or header.bits not in (8, 16):
        if header.bits <= 8 and not header.large and header.mode != _SPOT_COLOURS:
            return None
        kind = _NAMES.get(header.mode, f"the colour mode {header.mode}")
        raise PictureError(f"it is a Photoshop file of {header.bits} bits a channel in {kind}", _AS_RGB)

    space, colours = _SPACES[header.mode]
    transparent = _is_transparent(file, header.large) and header.channels > colours
    if header.channels < colours:
        raise PictureError(f"it has {header.channels} channels, too few for {space}")
    planes = _planes(file, header, colours + transparent, memory)
    stored = _interleaved(planes[:colours])
    alpha = _interleaved(planes[colours:]) if transparent else None
    if alpha is not None and _is_of_photoshop(version) and _is_over_white(stored, alpha):
        stored = _without_white(stored, alpha)
    if space == "cmyk":  # paper is stored as the largest value
        stored = converted(stored, lambda strip: np.iinfo(strip.dtype).max - strip)
    return Raster(
        stored if space != "gray" else converted(stored, lambda strip: strip[..., 0]),
        space,
        None if alpha is None else converted(alpha, lambda strip: strip[..., 0]),
        resources.get(_PROFILE),
        metadata=_metadata(resources),
    )


def _number(file: BinaryIO, size: int) -> int:
    data = file.read(size)
    if len(data) < size:
        raise PictureError(_INCOMPLETE)
    return int.from_bytes(data)


def _skip(file: BinaryIO, size: int) -> None:
    """Pass over a section, whose length has `size` bytes."""
    length = _number(file, size)
    file.seek(file.tell() + length)


def _resources(data: bytes) -> dict[int, bytes]:
    """Return the image resources by their numbers."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 12 <= len(data):
        number = int.from_bytes(data[at + 4 : at + 6])
        at += 6
        at += (data[at] + 2) & ~1  # the name, with its length in front, padded to an even size
        size = int.from_bytes(data[at : at + 4])
        found[number] = data[at + 4 : at + 4 + size]
        at += 4 + (size + 1 & ~1)
    return found


def _metadata(resources: Mapping[int, bytes]) -> PhotoMetadata:
    dpi = None
    if len(resources.get(_RESOLUTION, b"")) >= 16:  # in 65536ths of a pixel per inch
        across, down = struct.unpack(">I4xI4x", resources[_RESOLUTION][:16])
        dpi = across / 65536, down / 65536
    return PhotoMetadata.of(exif=resources.get(_EXIF), xmp=resources.get(_XMP), dpi=dpi)


def _is_of_photoshop(version: bytes) -> bool:
    """Whether the resource of the version names Photoshop as the writer, in UTF-16 after its length."""
    return "Photoshop".encode("utf-16-be") in version


def _is_transparent(file: BinaryIO, large: bool) -> bool:
    """Read the section of layers to its end; return whether the first further channel is transparency.

    A negative number of layers says so, or a block of its own.
    """
    size = 8 if large else 4
    length = _number(file, size)
    end = file.tell() + length
    found = False
    if length > size:
        found = _begins_negative(file, _number(file, size))
        if file.tell() + 4 <= end:
            _skip(file, 4)  # the mask of all layers
        while not found and file.tell() + 12 <= end:
            mark, key = file.read(4), file.read(4)
            if mark not in (b"8BIM", b"8B64"):
                break
            block = _number(file, 8 if large and key in _LONG else 4)
            padded = block + 3 & ~3
            if key in _LAYERS:
                found = _begins_negative(file, padded)
            else:
                found = key in _TRANSPARENT
                file.seek(file.tell() + padded)
    file.seek(end)
    return found


def _begins_negative(file: BinaryIO, length: int) -> bool:
    """Pass over a section of layers, and return whether the number at its beginning is negative."""
    begin = file.tell()
    negative = length >= 2 and _number(file, 2) >= 1 << 15
    file.seek(begin + length)
    return negative


def _planes(file: BinaryIO, header: _Header, wanted: int, memory: Memory | None) -> Samples:
    """Return the first `wanted` channels: channels × height × width."""
    compression = _number(file, 2)
    shape = (wanted, header.height, header.width)
    planes: Samples = np.empty(shape, header.dtype) if memory is None else memory.empty(shape, header.dtype)
    stored = header.dtype.newbyteorder(">")
    if compression == _RAW:
        packed = np.full(wanted * header.height, header.width * stored.itemsize)
    elif compression == _PACKBITS:
        packed = _packed_sizes(file, header, wanted)
    else:
        raise PictureError("it is compressed in an unusual way", "save it as TIFF or PNG")
    flat = planes.reshape(wanted * header.height, header.width)
    for strip in _strips(flat, packed):
        data = file.read(int(packed[strip].sum()))
        if compression == _PACKBITS:
            data = _unpacked(data, flat[strip].nbytes)
        if len(data) < flat[strip].nbytes:
            raise PictureError(_INCOMPLETE)
        flat[strip] = np.frombuffer(data, stored).reshape(flat[strip].shape)
        disk_arrays.release(planes)
    return planes


def _strips(flat: Samples, packed: Samples) -> Iterator[slice]:
    """Yield slices of rows of some megabytes."""
    row = max(1, flat.shape[1] * flat.itemsize, int(packed.max(initial=0)))
    yield from disk_arrays.strips(len(flat), row)


def _packed_sizes(file: BinaryIO, header: _Header, wanted: int) -> Samples:
    """Return the bytes of each row of the first `wanted` channels, as compressed."""
    kind = np.dtype(">u4" if header.large else ">u2")
    table = file.read(header.channels * header.height * kind.itemsize)
    if len(table) < header.channels * header.height * kind.itemsize:
        raise PictureError(_INCOMPLETE)
    sizes = np.frombuffer(table, kind)[: wanted * header.height].astype(np.int64)
    longest = 2 * header.width * header.dtype.itemsize + 2  # of literal runs of one byte each
    if sizes.max(initial=0) > longest:
        raise PictureError("it is damaged: a compressed row is longer than its pixels")
    return sizes


def _unpacked(data: bytes, size: int) -> bytes:
    from imagecodecs import packbits_decode

    return cast(bytes, packbits_decode(data, out=size))


def _interleaved(planes: Samples) -> Computed:
    """Return lazy rows, channels last."""

    def rows(strip: slice) -> Samples:
        together = np.ascontiguousarray(np.moveaxis(planes[:, strip], 0, -1))
        disk_arrays.release(planes)
        return together

    channels, height, width = planes.shape
    return Computed(rows, (height, width, channels), planes.dtype)


def _is_over_white(colour: Rows, alpha: Rows) -> bool:
    """Whether the colours are laid over white: then none is below 1 − α.

    For CMYK the same holds of its stored values, of which the largest is paper.
    """
    for strip, values in by_strips(colour):
        white = np.iinfo(values.dtype).max - alpha[strip]
        if (values.astype(np.int32) + _ROUNDED < white).any():
            return False
    return True


def _without_white(colour: Rows, alpha: Rows) -> Computed:
    """Return (c − (1 − α)) / α: the colours without the white beneath; where α is 0, they are unchanged."""

    def straight(strip: slice) -> Samples:
        values, opacity = colour[strip], unit(alpha[strip])
        there = np.where(opacity > 0, opacity, 1)
        clean = np.clip(1 - (1 - unit(values)) / there, 0, 1)
        largest = np.iinfo(values.dtype).max
        return np.where(opacity > 0, np.round(clean * largest), values).astype(values.dtype)

    return Computed(straight, colour.shape, colour.dtype)
