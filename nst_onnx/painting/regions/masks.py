"""Masks of regions: read from grey pictures, alpha channels or a label map, at the photo's size."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import PictureError
from nst_onnx.picture import Picture, Source, read, resize_mask
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

_PROPORTIONS = 0.03
"""Relative difference of the ratio of sides up to which a mask is of the picture's proportions."""
_COLOURED = 0.06
"""Difference between a mask's colour channels from which on it is coloured."""
_NEAR = 0.15
"""Distance of a colour (largest of its channels' differences) up to which it is surely a label's."""
_FEW, _EXACT, _MIXED = 256, 0.003, 0.03
"""Colours of a clean label map, at most; and distances up to which two colours are one label."""
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
    return resize_mask(mask, shape)


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

    Every pixel has the label whose colour is nearest: mixtures at edges make no label of their own. Raises
    PictureError for other proportions, and for a colour that the map does not have.
    """
    picture = read(labels, what="label map", memory=memory)
    check_proportions(picture.shape, shape, picture.name)
    named = np.array([_channels(colour) for colour in colours], np.float32).reshape(-1, 3)
    frequent, tolerance = _frequent(picture)
    others = [one for one in frequent if _is_other(_channels(one), named, tolerance)]
    known = np.concatenate([named, np.array([_channels(one) for one in others], np.float32).reshape(-1, 3)])
    pixels = _nearest_pixels(picture, shape)
    nearest = np.stack([np.abs(pixels - colour).max(2) for colour in known]).argmin(0)
    exact = np.abs(pixels - known[nearest]).max(2) < _NEAR
    masks: dict[str, Array] = {}
    for number, colour in enumerate(colours):
        inside = nearest == number
        if not (inside & exact).any():
            raise PictureError(f"{picture.name} has no pixel of the colour {colour}", "check the colour")
        masks[colour] = inside.astype(np.float32)
    return masks, others[0] if others else None


def label_colours(labels: Source, memory: Memory) -> list[str]:
    """Return the colours of a label map that are no mixtures at an edge, the most frequent first."""
    return _frequent(read(labels, what="label map", memory=memory))[0]


def _is_other(colour: list[float], known: Array, tolerance: float) -> bool:
    return not len(known) or float(np.abs(known - np.array(colour, np.float32)).max(1).min()) > tolerance


def _frequent(picture: Picture) -> tuple[list[str], float]:
    """Return the frequent colours of a picture, the most frequent first, and how far apart labels are.

    Class numbers as grey levels are one level apart; a map with many colours has mixtures at its edges, or
    is a JPEG file, and nearer colours are the same label.
    """
    levels: npt.NDArray[np.int64] = np.rint(picture.rgb.reshape(-1, 3) * 255).astype(np.int64)
    codes, counts = np.unique(levels @ np.array([65536, 256, 1]), return_counts=True)
    tolerance = _EXACT if len(codes) <= _FEW else _MIXED
    order = np.argsort(-counts, kind="stable")
    found: list[str] = []
    for code in codes[order][counts[order] >= max(16, _SHARE * len(levels))]:
        colour = f"#{int(code):06x}"
        others = np.array([_channels(one) for one in found], np.float32).reshape(-1, 3)
        if _is_other(_channels(colour), others, tolerance):
            found.append(colour)
    return found, tolerance


def _nearest_pixels(picture: Picture, shape: tuple[int, int]) -> Array:
    rows, columns = (
        np.minimum((np.arange(new) + 0.5) * old / new, old - 1).astype(int)
        for new, old in zip(shape, picture.shape, strict=True)
    )
    found: Array = picture.rgb[rows[:, None], columns]
    return found


def _channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
