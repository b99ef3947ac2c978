"""Pictures that Pillow decodes: its own images, and files of up to 8 bits a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from nst_onnx.errors import PictureError
from nst_onnx.picture.array import check_range
from nst_onnx.picture.colour_management import rgb_profile
from nst_onnx.picture.formats import READ
from nst_onnx.picture.limits import check_size
from nst_onnx.picture.orientation import TAG
from nst_onnx.picture.raster import Raster

if TYPE_CHECKING:
    from PIL import Image

_SRGB_GAMMA = 1 / 2.2  # what a PNG writes in gAMA when it means sRGB (PNG specification, 11.3.2.5)


def open_image(file: BinaryIO) -> Image.Image:
    """Open an encoded picture without decoding it; raises what Pillow raises."""
    from PIL import Image

    Image.init()
    return Image.open(file, formats=[name for name in READ if name in Image.OPEN])


def from_image(image: Image.Image, max_pixels: int | None) -> Raster:
    """Decode a Pillow image of any mode; of an animation, the frame it stands at.

    Raises PictureError for sizes and values that are refused, and what Pillow raises for
    damaged files.
    """
    check_size(image.height, image.width, max_pixels)
    image.load()
    profile, orientation = embedded_profile(image), orientation_of(image)

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Raster(_deep_gray(image), "gray", None, profile, orientation)
    if image.has_transparency_data or image.mode in ("La", "RGBa", "PA"):
        gray = image.mode in ("1", "L", "LA", "La")
        if image.mode in ("La", "RGBa"):  # premultiplied: Pillow divides it out by these ways only
            straight = image.convert("LA" if gray else "RGBA")
        else:
            straight = image.convert("RGBA")
        samples = np.asarray(straight)
        colour, alpha = samples[..., :-1], samples[..., -1]
        return Raster(
            colour[..., 0] if gray else colour, "gray" if gray else "rgb", alpha, profile, orientation
        )
    if image.mode in ("1", "L"):
        return Raster(np.asarray(image.convert("L")), "gray", None, profile, orientation)
    if image.mode == "CMYK":
        return Raster(np.asarray(image), "cmyk", None, profile, orientation)
    if image.mode == "LAB":
        stored = np.asarray(image)  # as in TIFF: L* in 255ths, a* and b* signed
        lab = np.concatenate(
            [stored[..., :1] * np.float32(100 / 255), stored[..., 1:].view(np.int8)], axis=-1
        )
        return Raster(lab, "lab", None, profile, orientation)
    return Raster(np.asarray(image.convert("RGB")), "rgb", None, profile, orientation)


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) if there is none or it makes no sense.

    Ask after decoding: a PNG may keep it behind the pixels, and Pillow has turned a TIFF by then.
    """
    try:
        value = image.getexif().get(TAG, 1)
    except Exception:  # damaged EXIF raises anything at all, and is no reason to refuse the picture
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


def _deep_gray(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    samples = np.asarray(image)
    if samples.dtype.kind == "f":
        check_range(samples)
        return samples
    if samples.dtype.kind == "u":
        return samples.astype(np.uint16)  # in the machine's byte order
    low, high = int(samples.min()), int(samples.max())
    if low < 0 or high > 65535:
        raise PictureError(f"its values go from {low} to {high}, not from 0 to 65535")
    return samples.astype(np.uint16)
