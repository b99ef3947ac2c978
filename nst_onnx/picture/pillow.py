"""Decoding by Pillow: its own images, and files of up to 8 bits a sample."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import PictureError
from nst_onnx.picture.array import check_range, extremes
from nst_onnx.picture.colour_management import rgb_profile
from nst_onnx.picture.formats import READ
from nst_onnx.picture.limits import check_size, strict_pillow
from nst_onnx.picture.orientation import TAG
from nst_onnx.picture.photo_metadata import PhotoMetadata
from nst_onnx.picture.raster import Raster
from nst_onnx.picture.strips import Computed, converted
from nst_onnx.support.arrays import Samples

if TYPE_CHECKING:
    from PIL import Image

_SRGB_GAMMA = 1 / 2.2  # gAMA of an sRGB PNG (PNG specification, 11.3.2.5)


def open_image(file: BinaryIO) -> Image.Image:
    """Open an encoded picture without decoding it. Raises Pillow's exceptions."""
    from PIL import Image

    Image.init()
    return Image.open(file, formats=[name for name in READ if name in Image.OPEN])


def from_file(file: BinaryIO, max_pixels: int | None) -> Raster:
    """Decode a file by whatever of Pillow's decoders knows it. Raises as `from_image` and `open_image` do."""
    with open_image(file) as image:
        return from_image(image, max_pixels)


def from_image(image: Image.Image, max_pixels: int | None) -> Raster:
    """Decode a Pillow image of any mode; of an animation, the current frame.

    Raises PictureError for refused sizes and values, and Pillow's exceptions for damaged files.
    """
    check_size(image.height, image.width, max_pixels)
    _load(image)
    return replace(_decoded(image), metadata=PhotoMetadata.of_image(image))


def _decoded(image: Image.Image) -> Raster:
    profile, orientation = embedded_profile(image), orientation_of(image)

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Raster(_deep_gray(image), "gray", None, profile, orientation)
    if image.has_transparency_data or image.mode in ("La", "RGBa", "PA"):
        gray = image.mode in ("1", "L", "LA", "La")
        # Pillow divides premultiplied colour by alpha from La to LA and from RGBa to RGBA only.
        straight = _rows(image, "LA" if image.mode == "La" else "RGBA")
        colour = converted(straight, lambda strip: strip[..., 0] if gray else strip[..., :-1])
        alpha = converted(straight, lambda strip: strip[..., -1])
        return Raster(colour, "gray" if gray else "rgb", alpha, profile, orientation)
    if image.mode in ("1", "L"):
        return Raster(_rows(image, "L"), "gray", None, profile, orientation)
    if image.mode == "CMYK":
        ink = _rows(image, "CMYK")
        if image.format == "JPEG" and "adobe" not in image.info:
            # Pillow takes all for Photoshop's, which stores paper as 255 and says so by its marker.
            ink = converted(ink, lambda strip: 255 - strip)
        return Raster(ink, "cmyk", None, profile, orientation)
    if image.mode == "LAB":
        return Raster(converted(_rows(image, "LAB"), _lab), "lab", None, profile, orientation)
    return Raster(_rows(image, "RGB"), "rgb", None, profile, orientation)


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except ValueError as error:
        if "closed" in str(error):
            raise PictureError("it is closed", "keep it open, or give a copy of it") from error
        raise


def _rows(image: Image.Image, mode: str) -> Computed:
    """Return the samples of a decoded image, converted to `mode` strip by strip."""

    def samples(strip: slice) -> Samples:
        with strict_pillow():  # Pillow checks the size of a crop, too
            return np.asarray(image.crop((0, strip.start, image.width, strip.stop)).convert(mode))

    one = samples(slice(0, 1))
    return Computed(samples, (image.height, *one.shape[1:]), one.dtype)


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) if it is absent or invalid.

    Valid after decoding only: a PNG may have it behind the pixels, and Pillow rotates a TIFF.
    """
    try:
        value = image.getexif().get(TAG, 1)
    except Exception:  # damaged EXIF raises any exception, and is no reason to refuse the picture
        return 1
    return value if isinstance(value, int) else 1


def embedded_profile(image: Image.Image) -> bytes | None:
    """Return the ICC profile, or one made of a PNG's gAMA and cHRM chunks, or None."""
    profile = image.info.get("icc_profile")
    if profile:
        return bytes(profile)
    gamma, chromaticities = image.info.get("gamma"), image.info.get("chromaticity")
    if image.format != "PNG" or "srgb" in image.info or not gamma:
        return None
    if abs(gamma - _SRGB_GAMMA) < 1e-3 and chromaticities is None:
        return None
    return rgb_profile(1 / gamma, chromaticities)


def _deep_gray(image: Image.Image) -> Computed:
    samples = _rows(image, image.mode)
    if samples.dtype.kind == "f":
        check_range(samples)
        return samples
    low, high = extremes(samples)
    if low < 0 or high > 65535:
        raise PictureError(f"its values go from {low:g} to {high:g}, not from 0 to 65535")
    return converted(samples, lambda strip: strip.astype(np.uint16))  # in the machine's byte order


def _lab(stored: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return L* 0..100, a*, b* of 8-bit CIELAB as TIFF has it: L* in 255ths, a* and b* signed."""
    return np.concatenate([stored[..., :1] * np.float32(100 / 255), stored[..., 1:].view(np.int8)], axis=-1)
