"""Targets: the content and style pictures at their sizes, and the statistics of several styles blended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import PictureError
from nst_onnx.picture import Picture, resize
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory


def batch(picture: Array) -> Array:
    """Return a picture H×W×3 as the network takes it, 1×3×H×W."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)


def planes(picture: Array) -> Array:
    """Return a view of a picture H×W×3 as 3×H×W."""
    return picture.transpose(2, 0, 1)


def scaled(picture: Picture, shape: tuple[int, int], memory: Memory) -> tuple[Array, Array | None]:
    """Return a picture's colours (H×W×3) and opacity (H×W, None where opaque) at another size.

    In transparent areas the mean visible colour replaces whatever the file holds there, which must have no
    effect. Raises PictureError where everything is transparent.
    """
    if picture.alpha is None:
        return resize(picture.rgb, shape, out=memory.empty((*shape, 3))), None
    if not picture.alpha.any():
        raise PictureError(f"{picture.name} is fully transparent", "nothing in it can be seen")
    premultiplied, mean = _premultiplied(picture.rgb, picture.alpha, memory)
    rgb = resize(premultiplied, shape, out=memory.empty((*shape, 3)))
    opacity = resize(picture.alpha, shape, out=memory.empty(shape))
    for rows in disk_arrays.strips(shape[0], rgb[0].nbytes):
        weight = opacity[rows, :, None]
        shown = np.where(weight > 1 / 512, rgb[rows] / np.maximum(weight, 1e-6), mean)
        np.clip(shown, 0, 1, out=rgb[rows], casting="same_kind")
        disk_arrays.release(rgb, opacity)
    return rgb, opacity


def _premultiplied(rgb: Array, alpha: Array, memory: Memory) -> tuple[Array, npt.NDArray[np.float64]]:
    """Return the colours times the opacity, and their mean weighted by it."""
    product, total, weight = memory.empty(rgb.shape), np.zeros(3), 0.0
    for rows in disk_arrays.strips(rgb.shape[0], rgb[0].nbytes):
        part, opacity = product[rows], alpha[rows]
        np.multiply(rgb[rows], opacity[..., None], out=part)
        total += part.sum(axis=(0, 1), dtype=np.float64)
        weight += float(opacity.sum(dtype=np.float64))
        disk_arrays.release(product, rgb, alpha)
    return product, total / weight


def blend(statistics: Sequence[Mapping[str, Array]], weights: Sequence[float]) -> dict[str, Array]:
    """Return the weighted mean {term: array} of several styles' statistics (neural-style's blending)."""
    total = float(sum(weights))
    return {
        name: np.sum(
            [w / total * s[name] for w, s in zip(weights, statistics, strict=True)], axis=0, dtype=np.float32
        )
        for name in statistics[0]
    }


def too_small(label: str, shape: tuple[int, int]) -> PictureError:
    """Return the error for a picture of which some layer has no features."""
    return PictureError(
        f"{label} is {shape[1]}×{shape[0]} here, too small for the layers chosen",
        "choose a larger size, shallower layers, or a picture less narrow",
    )
