"""Decoding of TIFF with more than 8 bits a sample, most of which Pillow cannot."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import PictureError
from nst_onnx.picture.array import check_finite, extremes
from nst_onnx.picture.camera_raw import from_camera_raw
from nst_onnx.picture.colour_management import Space
from nst_onnx.picture.limits import check_size
from nst_onnx.picture.orientation import TAG
from nst_onnx.picture.photo_metadata import PhotoMetadata
from nst_onnx.picture.raster import Raster, unit
from nst_onnx.picture.strips import Rows, by_strips, converted, copied
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Samples
from nst_onnx.support.memory import Memory

if TYPE_CHECKING:
    import tifffile

# tifffile logs every irregularity; without a handler Python would print the messages.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_ICC_PROFILE = 34675
_DNG_VERSION = 50706
_XMP = 700

# Photometric interpretations and kinds of extra samples (TIFF 6.0; DNG 1.6)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _SEPARATED, _CIELAB = 0, 1, 2, 5, 8
_COLOUR_FILTER_ARRAY, _LINEAR_RAW = 32803, 34892
_SPACES: dict[int, tuple[Space, int]] = {
    _WHITE_IS_ZERO: ("gray", 1),
    _BLACK_IS_ZERO: ("gray", 1),
    _RGB: ("rgb", 3),
    _SEPARATED: ("cmyk", 4),
    _CIELAB: ("lab", 3),
}
_PREMULTIPLIED_ALPHA, _STRAIGHT_ALPHA = 1, 2

_HIGHLIGHTS = 0.01
"""Largest fraction of samples of a float TIFF outside 0..1 (clipped highlights)."""


def from_tiff(file: BinaryIO, max_pixels: int | None, memory: Memory | None) -> Raster | None:
    """Decode the first page, if it has more than 8 bits a sample, or channels that Pillow does not know of.

    None for others, which Pillow decodes. A camera's raw file that is a TIFF is developed.

    Gray, RGB, CMYK and CIELAB; unsigned integers of any depth and, where it is within 0..1
    but for some highlights, float. What `memory` does not hold is decoded into a memory-mapped
    array, or mapped from the file itself. Raises PictureError for what is refused, and tifffile's
    exceptions for damaged files.
    """
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        if _is_raw(page):
            return from_camera_raw(file, max_pixels)
        if page.is_reduced:
            return _behind_a_thumbnail(file, max_pixels)
        check_size(page.imagelength, page.imagewidth, max_pixels)
        if page.bitspersample < 8 or (page.bitspersample == 8 and not _has_more_channels(page)):
            return None
        _refuse_truncated(page, file)
        if page.photometric not in _SPACES:
            raise PictureError(
                f"it is a TIFF of {page.bitspersample} bits in an unusual colour space "
                f"(photometric interpretation {int(page.photometric)})",
                "save it as RGB",
            )
        space, channels = _SPACES[page.photometric]
        stored = _channels_last(page, _decoded(page, memory))
        if stored.shape[-1] < channels:
            raise PictureError(f"it has {stored.shape[-1]} channels, too few for {space}")
        profile, orientation = page.tags.get(_ICC_PROFILE), page.tags.get(TAG)
        icc = bytes(profile.value) if profile is not None else None
        exif_orientation = int(orientation.value) if orientation is not None else 1
        rows = copied(stored)
        if space == "lab":
            return Raster(converted(rows, _lab), "lab", None, icc, exif_orientation, _metadata(page, file))

        samples = _full_range(rows, page.bitspersample)
        opacity = _alpha_channel(page, channels, stored.shape[-1])
        premultiplied = opacity is not None and _PREMULTIPLIED_ALPHA in page.extrasamples

        def colour(strip: Samples) -> Samples:
            values = strip[..., :channels]
            if page.photometric == _WHITE_IS_ZERO:
                values = _unsigned_maximum(values) - values
            if premultiplied:
                values = _straight(values, strip[..., opacity])
            if space == "cmyk" and values.dtype.kind == "f":
                values = np.round(values * np.float32(65535)).astype(np.uint16)
            return values[..., 0] if space == "gray" else values

        alpha = None if opacity is None else converted(samples, lambda strip: strip[..., opacity])
        return Raster(converted(samples, colour), space, alpha, icc, exif_orientation, _metadata(page, file))


def _is_raw(page: tifffile.TiffPage) -> bool:
    """Whether a TIFF is a camera's raw file by its first page."""
    return page.photometric in (_COLOUR_FILTER_ARRAY, _LINEAR_RAW) or _DNG_VERSION in page.tags


def _behind_a_thumbnail(file: BinaryIO, max_pixels: int | None) -> Raster:
    """Develop a TIFF that begins with a thumbnail, as most cameras' raw files do."""
    try:
        return from_camera_raw(file, max_pixels)
    except PictureError as error:
        raise PictureError(
            "it begins with a thumbnail, so it may be a camera's raw file",
            f"{error.hint}, or save the picture alone",
        ) from error


def _has_more_channels(page: tifffile.TiffPage) -> bool:
    """Whether there are spot colours, masks, or an alpha channel beside CMYK, none of which Pillow reads."""
    if page.photometric not in _SPACES or page.photometric == _CIELAB:
        return False
    return len(page.extrasamples) > (0 if page.photometric == _SEPARATED else 1)


def _metadata(page: tifffile.TiffPage, file: BinaryIO) -> PhotoMetadata:
    """Return what is kept of a page's metadata. A TIFF's own directory is EXIF's first one."""
    packet = page.tags.get(_XMP)
    try:
        dpi = page.get_resolution(unit=2)  # per inch
    except Exception:  # damaged tags raise any exception, and are no reason to refuse the picture
        dpi = None
    file.seek(0)
    return PhotoMetadata.of(exif=file, xmp=None if packet is None else packet.value, dpi=dpi)


def _refuse_truncated(page: tifffile.TiffPage, file: BinaryIO) -> None:
    """Refuse a file that ends before its last pixel: tifffile would fill up with zeros."""
    size = file.seek(0, 2)
    ends = [offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or min(page.databytecounts) == 0 or max(ends) > size:
        raise PictureError("it is damaged or incomplete: some of its pixels are missing")


def _decoded(page: tifffile.TiffPage, memory: Memory | None) -> Samples:
    """Return the samples as stored, memory-mapped where they are too large for memory."""
    if memory is None or page.dtype is None or memory.holds(page.nbytes):
        return np.asarray(page.asarray())
    if page.is_memmappable:
        return np.asanyarray(page.asarray(out="memmap"))
    array: Samples = memory.empty(page.shaped, page.dtype)  # planes × depth × height × width × samples
    decoded = 0  # bytes since the last release
    for segment, (plane, depth, top, left, _), (depths, height, width, _) in page.segments(
        sort=True, buffersize=disk_arrays.STRIP_BYTES
    ):
        inside = segment[: page.imagedepth - depth, : page.imagelength - top, : page.imagewidth - left]
        array[plane, depth : depth + depths, top : top + height, left : left + width] = inside
        decoded += inside.nbytes
        if decoded > disk_arrays.STRIP_BYTES:
            disk_arrays.release(array)
            decoded = 0
    return array.reshape(page.shape)


def _channels_last(page: tifffile.TiffPage, array: Samples) -> Samples:
    if page.axes == "YX":
        return array[..., np.newaxis]
    if page.axes == "SYX":
        return np.moveaxis(array, 0, -1)
    if page.axes == "YXS":
        return array
    raise PictureError(f"it is a TIFF with the axes {page.axes}", "save one plane of it, in gray or RGB")


def _full_range(stored: Rows, bits: int) -> Rows:
    """Return uint16 as it is, and any other unsigned or float samples as float32 in 0..1."""
    samples = converted(stored, lambda strip: strip.astype(strip.dtype.newbyteorder("="), copy=False))
    if samples.dtype.kind == "u":
        if samples.dtype.itemsize * 8 == bits and bits <= 16:
            return samples
        return converted(samples, lambda strip: (strip / (2.0**bits - 1)).astype(np.float32))
    if samples.dtype.kind != "f":
        raise PictureError(f"it is a TIFF of {samples.dtype} samples", "save it with 8 or 16 bits")
    check_finite(samples)
    outside = sum(np.count_nonzero((values < 0) | (values > 1)) for _, values in by_strips(samples))
    if outside > _HIGHLIGHTS * math.prod(samples.shape):
        low, high = extremes(samples)
        raise PictureError(
            f"its values go from {low:g} to {high:g}, not from 0 to 1",
            "scale or tone-map it to 0..1 first",
        )
    return converted(samples, lambda strip: np.clip(strip, 0, 1).astype(np.float32))


def _alpha_channel(page: tifffile.TiffPage, colours: int, channels: int) -> int | None:
    for index, kind in enumerate(page.extrasamples, start=colours):
        if kind in (_PREMULTIPLIED_ALPHA, _STRAIGHT_ALPHA) and index < channels:
            return index
    return None


def _straight(colour: Samples, alpha: Samples) -> NDArray[np.float32]:
    """Divide premultiplied colour by its alpha; where that is zero, colour is zero and unchanged."""
    opacity = unit(alpha)[..., np.newaxis]
    return np.clip(unit(colour) / np.where(opacity > 0, opacity, 1), 0, 1).astype(np.float32)


def _unsigned_maximum(samples: Samples) -> Any:
    return samples.dtype.type(1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max)


def _lab(stored: Samples) -> NDArray[np.float32]:
    """Return L* 0..100, a*, b* of 16-bit CIELAB: unsigned L*, signed a* and b* in 1/256 (TIFF TN 1)."""
    if stored.dtype.itemsize != 2 or stored.dtype.kind not in "ui":
        raise PictureError(f"it is a CIELAB TIFF of {stored.dtype} samples", "save it as RGB")
    whole = stored.astype(stored.dtype.newbyteorder("="))
    lightness = whole[..., :1].view(np.uint16) * np.float32(100 / 65535)
    chroma = whole[..., 1:3].view(np.int16) / np.float32(256)
    return np.concatenate([lightness, chroma], axis=-1).astype(np.float32)
