"""Colour matching: give the style the content's colour statistics before stylising.

`match_covariance` is linear and so preserves the style's gradations; `match_histogram` is a tone curve per
channel, and matches the content's colours more closely.

The shapes of style and content are independent. Weights (H×W, not negative) are those of each pixel in
the statistics, such as a picture's alpha: transparent pixels do not count. All pixels are recoloured.
Pictures may be memory-mapped: they are processed strip by strip. The result goes into `out`
(H×W×3, may be `style` itself) or, without it, into a new array.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import OptionError
from nst_onnx.picture.colour import oklab
from nst_onnx.support import disk_arrays

_NOISE = (2 / 255) ** 2
"""Variance below which a direction of colour is only rounding and JPEG noise."""
_SAMPLED = 1 << 20
"""Largest number of pixels of a histogram; larger pictures are sampled at every second row and column, or
third, …"""


def match_covariance(
    style: NDArray[np.float32],
    content: NDArray[np.float32],
    *,
    style_weights: NDArray[np.float32] | None = None,
    content_weights: NDArray[np.float32] | None = None,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return `style` with the mean and covariance of RGB that `content` has.

    Both float32 H×W×3, sRGB-encoded, 0..1. Every pixel x becomes A (x - μ_S) + μ_C with
    A = Σ_C^½ Σ_S^-½, symmetric square roots: Gatys, Bethge, Hertzmann & Shechtman 2016
    (arXiv:1606.05897, section 5.1, the Image Analogies variant). Directions of colour in which
    the style varies by less than two 8-bit levels, as in a black-and-white print, are not
    amplified. The result is clipped to 0..1, which may move mean and covariance a little.
    Raises OptionError if weights do not fit, are negative or sum to zero.
    """
    style_mean, style_covariance = moments(style, style_weights, "style")
    content_mean, content_covariance = moments(content, content_weights, "content")
    transform = affine_map(style_covariance, content_covariance)
    return by_strips(style, lambda part: np.clip((part - style_mean) @ transform.T + content_mean, 0, 1), out)


def match_histogram(
    style: NDArray[np.float32],
    content: NDArray[np.float32],
    *,
    style_weights: NDArray[np.float32] | None = None,
    content_weights: NDArray[np.float32] | None = None,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return `style` with the histograms of L, a and b (Oklab) that `content` has.

    Both float32 H×W×3, sRGB-encoded, 0..1. Each channel is mapped by the increasing function
    that takes the style's distribution to the content's; in Oklab because its channels are
    nearly independent in pictures, unlike RGB's. Equal values stay equal. Colours outside sRGB
    lose chroma, so histograms match but for those.
    Raises OptionError if weights do not fit, are negative or sum to zero.
    """
    source, source_mass = _sample(style, style_weights, "style")
    target, target_mass = _sample(content, content_weights, "content")
    curves = [_curve(source[:, c], target[:, c], source_mass, target_mass) for c in range(3)]

    def matched(part: NDArray[np.float32]) -> NDArray[np.float32]:
        lab = oklab.from_srgb(part)
        for channel, curve in enumerate(curves):
            lab[..., channel] = np.interp(lab[..., channel], *curve)
        return oklab.to_srgb(lab)

    return by_strips(style, matched, out)


def by_strips(
    picture: NDArray[np.float32],
    recolour: Callable[..., NDArray[np.floating]],
    out: NDArray[np.float32] | None,
    *others: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Apply a function to each strip of a picture, and of others of its shape; into `out` if it is given."""
    recoloured = np.empty_like(picture, np.float32) if out is None else out
    for rows in disk_arrays.strips(picture.shape[0], picture[0].nbytes):
        recoloured[rows] = recolour(picture[rows], *(other[rows] for other in others))
        disk_arrays.release(recoloured, picture, *others)
    return recoloured


def _mass(
    picture: NDArray[np.float32], weights: NDArray[np.float32] | None, what: str
) -> NDArray[np.float32]:
    """Return the weight of each pixel, H×W. Raises OptionError for weights of another shape."""
    if weights is None:
        return np.broadcast_to(np.float32(1), picture.shape[:2])
    if weights.shape != picture.shape[:2]:
        raise OptionError(f"the {what} is {picture.shape[:2]} and its weights are {weights.shape}")
    return weights


def _check(total: float, minimum: float, what: str) -> None:
    """Raise OptionError where weights are negative or NaN, or sum to zero."""
    if not (minimum >= 0 and total > 0):
        raise OptionError(f"the weights of the {what} must not be negative, and not all zero")


def _sample(
    picture: NDArray[np.float32], weights: NDArray[np.float32] | None, what: str
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the colours (Oklab, N×3) of a regular sample of pixels, and their normalised weights."""
    every = math.ceil(math.sqrt(picture.shape[0] * picture.shape[1] / _SAMPLED))
    mass = _mass(picture, weights, what)[::every, ::every].ravel().astype(np.float64)
    _check(mass.sum(), mass.min(), what)
    colours = picture[::every, ::every].reshape(-1, 3)
    disk_arrays.release(picture)
    return oklab.from_srgb(colours), mass / mass.sum()


def moments(
    picture: NDArray[np.float32],
    weights: NDArray[np.float32] | None = None,
    what: str = "picture",
    *,
    space: Callable[[NDArray[np.float32]], NDArray[np.float32]] = lambda rgb: rgb,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean (3) and covariance (3×3) of a picture's colours, after conversion to a colour space."""
    weights = _mass(picture, weights, what)
    total, minimum, sums, products = 0.0, 0.0, np.zeros(3), np.zeros((3, 3))
    for rows in disk_arrays.strips(picture.shape[0], picture[0].nbytes):
        mass = weights[rows].reshape(-1, 1).astype(np.float64)
        colours = space(picture[rows]).reshape(-1, 3).astype(np.float64)
        total, minimum = total + mass.sum(), np.minimum(minimum, mass.min())
        sums += (mass * colours).sum(axis=0)
        products += (mass * colours).T @ colours
        disk_arrays.release(picture, weights)
    _check(total, minimum, what)
    mean = sums / total
    return mean, products / total - np.outer(mean, mean)


def affine_map(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix A = Σ_T^½ Σ_S^-½ that maps colours of one covariance to another's.

    Directions in which the source varies by less than two 8-bit levels are not amplified.
    """
    return _root(target) @ _inverse_root(source)


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root


def _inverse_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inverse of the symmetric square root, regularised to zero where there is only noise.

    1/√λ would amplify a direction without variance, such as the hue of a black-and-white print, to the
    variance of the content: amplified JPEG noise.
    """
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0)
    gains = np.where(values > _NOISE, 1 / np.sqrt(np.maximum(values, _NOISE)), np.sqrt(values) / _NOISE)
    inverse: NDArray[np.float64] = (vectors * gains) @ vectors.T
    return inverse


def _curve(
    source: NDArray[np.float32],
    target: NDArray[np.float32],
    source_mass: NDArray[np.float64],
    target_mass: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the monotone map from one distribution to the other, as (values, mapped values).

    The value whose mid-rank is q is mapped to the q-quantile of the target.
    """
    values, ranks = _ranks(source, source_mass)
    counts = target_mass > 0
    wanted, quantiles = _ranks(target[counts], target_mass[counts])
    return values, np.interp(ranks, quantiles, wanted)


def _ranks(
    channel: NDArray[np.float32], mass: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return a channel's distinct values, and their mid-ranks 0..1."""
    values, indices = np.unique(channel, return_inverse=True)
    share = np.bincount(indices, weights=mass, minlength=len(values))
    return values, np.cumsum(share) - share / 2
