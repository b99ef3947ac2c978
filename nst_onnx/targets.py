"""What the picture is to match: the statistics of the content and of the style pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import PictureError
from nst_onnx.losses.assemble import MASK, PICTURE, Terms
from nst_onnx.picture import Picture, resize
from nst_onnx.runtime import AnySession

Array = npt.NDArray[np.float32]
Statistics = dict[str, npt.NDArray[Any]]


def batch(picture: Array) -> Array:
    """Return a picture H×W×3 as the network takes it, 1×3×H×W."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)


def scaled(picture: Picture, shape: tuple[int, int]) -> tuple[Array, Array | None]:
    """Return a picture's colours (H×W×3) and opacity (H×W, None where opaque) at another size.

    Where nothing is to be seen the colours are replaced by the mean of what is, so that what a file
    happens to hold under its transparent areas has no say. Raises PictureError where nothing is seen at all.
    """
    if picture.alpha is None:
        return resize(picture.rgb, shape), None
    if not picture.alpha.any():
        raise PictureError(f"{picture.name} is fully transparent", "nothing in it can be seen")
    seen = picture.rgb * picture.alpha[..., None]
    mean = seen.sum(axis=(0, 1), dtype=np.float64) / picture.alpha.sum(dtype=np.float64)
    opacity = resize(picture.alpha, shape)
    weight = np.maximum(opacity, 1e-6)[..., None]
    rgb = np.where(opacity[..., None] > 1 / 512, resize(seen, shape) / weight, mean)
    return np.clip(rgb, 0, 1).astype(np.float32), opacity


def measure(
    session: AnySession, terms: Terms, picture: Array, alpha: Array | None, names: Sequence[str], label: str
) -> Statistics:
    """Return the statistics `names` of a picture, and ``shape/LAYER`` of every layer.

    Raises PictureError where the picture is too small for the network.
    """
    feeds = {PICTURE: batch(picture)}
    if terms.masked:
        opacity = np.ones(picture.shape[:2], np.float32) if alpha is None else alpha
        feeds[MASK] = opacity[None, None]
    shapes = [f"shape/{layer}" for layer in terms.layers]
    height, width = picture.shape[:2]
    small = PictureError(
        f"{label} is {width}×{height} here, too small for the layers chosen",
        "choose a larger size, shallower layers, or a picture less narrow",
    )
    try:
        found = session.run(feeds, [*names, *shapes])
    except Exception as error:
        if min(height, width) < 32:
            raise small from error
        raise
    if min(found[name].min() for name in shapes) < 1:
        raise small
    return found


def blend(statistics: Sequence[Mapping[str, Array]], weights: Sequence[float]) -> dict[str, Array]:
    """Return the weighted mean of several styles' statistics (neural-style's blending)."""
    total = float(sum(weights))
    return {
        name: np.sum(
            [w / total * s[name] for w, s in zip(weights, statistics, strict=True)], axis=0, dtype=np.float32
        )
        for name in statistics[0]
    }
