"""Masks of regions: read from grey pictures, alpha channels or a label map, at the photo's size."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
from PIL import Image

from nst_onnx.errors import PictureError
from nst_onnx.picture import Picture, Source, read
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

_PROPORTIONS = 0.03
"""Relative difference of the ratio of sides up to which a mask is of the picture's proportions."""
_COLOURED = 0.06
"""Difference between a mask's colour channels from which on it is coloured."""
_NEAR = 0.15
"""Distance of a colour (largest of its channels' differences) up to which a pixel has a label."""
_SHARE = 0.005
"""Share of the pixels from which on a colour is a label rather than an edge between two."""


def read_mask(source: Source, shape: tuple[int, int], memory: Memory, what: str = "mask") -> Array:
    """Return a mask H×W in 0..1: the alpha channel where there is one, else how white it is.

    Raises PictureError for a picture of other proportions than `shape`, and one with colours.
    """
    picture = read(source, what=what, memory=memory)
    if picture.alpha is not None:
        return resized(picture.alpha, shape, picture.name)
    channels = picture.rgb
    if float(np.abs(channels - channels.mean(2, keepdims=True)).max()) > _COLOURED:
        raise PictureError(
            f"{picture.name} has colours; a mask is grey: white in its region, black outside",
            "a picture with a colour for each region is a label map: give it as labels",
        )
    return resized(np.ascontiguousarray(channels[..., 0]), shape, picture.name)


def resized(mask: Array, shape: tuple[int, int], name: str) -> Array:
    """Return a mask at another size, without overshoots. Raises PictureError for other proportions."""
    check_proportions(mask.shape, shape, name)
    if mask.shape == shape:
        return mask
    size = shape[1], shape[0]
    found = Image.fromarray(np.asarray(mask, np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(found, np.float32).clip(0, 1)


def check_proportions(found: tuple[int, ...], shape: tuple[int, int], name: str) -> None:
    """Raise PictureError unless both have the same ratio of sides, up to rounding to whole pixels."""
    ratio = (found[0] / found[1]) / (shape[0] / shape[1])
    pixel = 1 / min(found[0], found[1], *shape)
    if abs(ratio - 1) > max(_PROPORTIONS, 2 * pixel) or min(found) < 2 < min(shape):
        raise PictureError(
            f"{name} is {found[1]}×{found[0]}, and the picture {shape[1]}×{shape[0]}: other proportions",
            "a mask covers the whole picture, at any size",
        )


def labelled(
    labels: Source, colours: Collection[str], shape: tuple[int, int], memory: Memory
) -> tuple[dict[str, Array], str | None]:
    """Return {colour: mask} of a label map, and a colour of it that is not among `colours`, if any.

    Raises PictureError for other proportions, and for a colour that the map does not have.
    """
    picture = read(labels, what="label map", memory=memory)
    check_proportions(picture.shape, shape, picture.name)
    pixels = _nearest_pixels(picture, shape)
    known = np.array([_channels(colour) for colour in colours], np.float32)
    distance = np.stack([np.abs(pixels - colour).max(2) for colour in known]) if len(known) else None
    masks: dict[str, Array] = {}
    left = np.ones(shape, bool)
    if distance is not None:
        nearest, least = distance.argmin(0), distance.min(0)
        left = least > _NEAR
        for number, colour in enumerate(colours):
            masks[colour] = ((nearest == number) & ~left).astype(np.float32)
            if not masks[colour].any():
                raise PictureError(f"{picture.name} has no pixel of the colour {colour}", "check the colour")
    return masks, _other_colour(pixels[left])


def label_colours(labels: Source, memory: Memory) -> list[str]:
    """Return the colours of a label map that are no mixtures at an edge, the most frequent first."""
    picture = read(labels, what="label map", memory=memory)
    found: list[str] = []
    left = picture.rgb.reshape(-1, 3)
    while len(left) >= _SHARE * picture.rgb[..., 0].size and (colour := _other_colour(left)) is not None:
        found.append(colour)
        left = left[np.abs(left - np.array(_channels(colour), np.float32)).max(1) > _NEAR]
    return found


def _nearest_pixels(picture: Picture, shape: tuple[int, int]) -> Array:
    rows, columns = (
        np.minimum((np.arange(new) + 0.5) * old / new, old - 1).astype(int)
        for new, old in zip(shape, picture.shape, strict=True)
    )
    found: Array = picture.rgb[rows[:, None], columns]
    return found


def _other_colour(pixels: Array) -> str | None:
    """Return the most frequent of some pixels' colours, None where none is frequent."""
    if not len(pixels):
        return None
    levels: npt.NDArray[np.int64] = np.rint(pixels * 255).astype(np.int64)
    codes, counts = np.unique(levels @ np.array([65536, 256, 1]), return_counts=True)
    if counts.max() < max(16, _SHARE * len(pixels)):
        return None
    return f"#{int(codes[counts.argmax()]):06x}"


def _channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
