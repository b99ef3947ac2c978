"""TIFF files with more than 8 bits a sample, which Pillow cannot read whole."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import PictureError
from nst_onnx.picture.array import check_finite
from nst_onnx.picture.colour_management import Space
from nst_onnx.picture.limits import check_size
from nst_onnx.picture.orientation import TAG
from nst_onnx.picture.raster import Raster, unit

if TYPE_CHECKING:
    import tifffile

# tifffile logs every oddity it meets; whoever configures logging gets to see it, nobody else need.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_ICC_PROFILE = 34675
_DNG_VERSION = 50706

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
"""The share of samples that float TIFF may have outside 0..1 (they are clipped): highlights."""


def from_tiff(file: BinaryIO, max_pixels: int | None) -> Raster | None:
    """Decode the first page, if it has more than 8 bits a sample; None leaves it to Pillow.

    Gray, RGB, CMYK and CIELAB; unsigned integers of any depth and, where it is within 0..1
    but for some highlights, float. Raises PictureError for what is refused, and whatever
    tifffile raises for damaged files.
    """
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        _refuse_raw(page)
        check_size(page.imagelength, page.imagewidth, max_pixels)
        if page.bitspersample <= 8:
            return None
        _refuse_truncated(page, file)
        if page.photometric not in _SPACES:
            raise PictureError(
                f"it is a TIFF of {page.bitspersample} bits in an unusual colour space "
                f"(photometric interpretation {int(page.photometric)})",
                "save it as RGB",
            )
        space, channels = _SPACES[page.photometric]
        stored = _channels_last(page)
        if stored.shape[-1] < channels:
            raise PictureError(f"it has {stored.shape[-1]} channels, too few for {space}")
        profile, orientation = page.tags.get(_ICC_PROFILE), page.tags.get(TAG)
        icc = bytes(profile.value) if profile is not None else None
        turn = int(orientation.value) if orientation is not None else 1
        if space == "lab":
            return Raster(_lab(stored), "lab", None, icc, turn)

        samples = _full_range(stored, page.bitspersample)
        colour, alpha = samples[..., :channels], _alpha(samples, page, channels)
        if page.photometric == _WHITE_IS_ZERO:
            colour = _unsigned_maximum(colour) - colour
        if alpha is not None and _PREMULTIPLIED_ALPHA in page.extrasamples:
            colour = _straight(colour, alpha)
        if space == "cmyk" and colour.dtype.kind == "f":
            colour = np.round(colour * np.float32(65535)).astype(np.uint16)
        return Raster(colour[..., 0] if space == "gray" else colour, space, alpha, icc, turn)


def _refuse_raw(page: tifffile.TiffPage) -> None:
    if page.photometric in (_COLOUR_FILTER_ARRAY, _LINEAR_RAW) or _DNG_VERSION in page.tags:
        raise PictureError("it is a camera's raw file", "develop it first and save it as TIFF, PNG or JPEG")
    if page.is_reduced:
        raise PictureError(
            "it begins with a thumbnail, so it may be a camera's raw file",
            "develop it first, or save the picture alone",
        )


def _refuse_truncated(page: tifffile.TiffPage, file: BinaryIO) -> None:
    """Refuse a file that ends before its pixels do: tifffile would fill up with zeros."""
    size = file.seek(0, 2)
    ends = [offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or min(page.databytecounts) == 0 or max(ends) > size:
        raise PictureError("it is damaged or incomplete: some of its pixels are missing")


def _channels_last(page: tifffile.TiffPage) -> NDArray[Any]:
    array: NDArray[Any] = page.asarray()
    if page.axes == "YX":
        return array[..., np.newaxis]
    if page.axes == "SYX":
        return np.moveaxis(array, 0, -1)
    if page.axes == "YXS":
        return array
    raise PictureError(f"it is a TIFF with the axes {page.axes}", "save one plane of it, in gray or RGB")


def _full_range(samples: NDArray[Any], bits: int) -> NDArray[Any]:
    """Return uint16 as it is, and any other unsigned or float samples as float32 in 0..1."""
    samples = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    if samples.dtype.kind == "u":
        if samples.dtype == np.uint16 and bits == 16:
            return samples
        scaled: NDArray[np.float32] = (samples / (2.0**bits - 1)).astype(np.float32)
        return scaled
    if samples.dtype.kind != "f":
        raise PictureError(f"it is a TIFF of {samples.dtype} samples", "save it with 8 or 16 bits")
    check_finite(samples)
    outside = np.count_nonzero((samples < 0) | (samples > 1))
    if outside > _HIGHLIGHTS * samples.size:
        raise PictureError(
            f"its values go from {samples.min():g} to {samples.max():g}, not from 0 to 1",
            "scale or tone-map it to 0..1 first",
        )
    clipped: NDArray[np.float32] = np.clip(samples, 0, 1).astype(np.float32)
    return clipped


def _alpha(samples: NDArray[Any], page: tifffile.TiffPage, channels: int) -> NDArray[Any] | None:
    for index, kind in enumerate(page.extrasamples, start=channels):
        if kind in (_PREMULTIPLIED_ALPHA, _STRAIGHT_ALPHA) and index < samples.shape[-1]:
            return samples[..., index]
    return None


def _straight(colour: NDArray[Any], alpha: NDArray[Any]) -> NDArray[np.float32]:
    """Divide premultiplied colour by its alpha; where that is zero colour is zero, and stays."""
    opacity = unit(alpha)[..., np.newaxis]
    return np.clip(unit(colour) / np.where(opacity > 0, opacity, 1), 0, 1).astype(np.float32)


def _unsigned_maximum(samples: NDArray[Any]) -> Any:
    return samples.dtype.type(1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max)


def _lab(stored: NDArray[Any]) -> NDArray[np.float32]:
    """Return L* 0..100, a*, b* of 16-bit CIELAB: unsigned L*, signed a* and b* in 1/256 (TIFF TN 1)."""
    if stored.dtype.itemsize != 2 or stored.dtype.kind not in "ui":
        raise PictureError(f"it is a CIELAB TIFF of {stored.dtype} samples", "save it as RGB")
    whole = stored.astype(stored.dtype.newbyteorder("="))
    lightness = whole[..., :1].view(np.uint16) * np.float32(100 / 65535)
    chroma = whole[..., 1:3].view(np.int16) / np.float32(256)
    return np.concatenate([lightness, chroma], axis=-1).astype(np.float32)
