"""Recolour the style beforehand, so that its colours are distributed like the content's.

`match_covariance` is linear and so keeps the style's gradations; `match_histogram` bends each
channel's curve, and follows the content's colours more closely.

The shapes of style and content are independent. Weights (H×W, not negative) say how much a
pixel counts, such as a picture's alpha: what is transparent has no say. They do not limit what
is recoloured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nst_onnx.colour import oklab
from nst_onnx.errors import OptionError

_NOISE = (2 / 255) ** 2
"""Variance below which a direction of colour holds nothing but rounding and JPEG noise."""


def match_covariance(
    style: NDArray[np.float32],
    content: NDArray[np.float32],
    *,
    style_weights: NDArray[np.float32] | None = None,
    content_weights: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return `style` with the mean and covariance of RGB that `content` has.

    Both float32 H×W×3, sRGB-encoded, 0..1. Every pixel x becomes A (x - μ_S) + μ_C with
    A = Σ_C^½ Σ_S^-½, symmetric square roots: Gatys, Bethge, Hertzmann & Shechtman 2016
    (arXiv:1606.05897, section 5.1, the Image Analogies variant). Directions of colour in which
    the style varies by less than two 8-bit levels, as in a black-and-white print, are not made
    to. The result is clipped to 0..1, which may move mean and covariance a little.
    Raises OptionError if weights do not fit, are negative or sum to zero.
    """
    style_mean, style_covariance = _moments(style, style_weights, "style")
    content_mean, content_covariance = _moments(content, content_weights, "content")
    transform = _root(content_covariance) @ _inverse_root(style_covariance)
    recoloured = (style - style_mean) @ transform.T + content_mean
    return np.clip(recoloured, 0, 1).astype(np.float32)


def match_histogram(
    style: NDArray[np.float32],
    content: NDArray[np.float32],
    *,
    style_weights: NDArray[np.float32] | None = None,
    content_weights: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return `style` with the histograms of L, a and b (Oklab) that `content` has.

    Both float32 H×W×3, sRGB-encoded, 0..1. Each channel is mapped by the increasing function
    that takes the style's distribution to the content's; in Oklab because its channels are
    nearly independent in pictures, unlike RGB's. Equal values stay equal. Colours outside sRGB
    lose chroma, so that histograms agree but for those.
    Raises OptionError if weights do not fit, are negative or sum to zero.
    """
    source, target = oklab.from_srgb(style), oklab.from_srgb(content)
    source_mass = _mass(style, style_weights, "style")
    target_mass = _mass(content, content_weights, "content")
    matched = [_map_distribution(source[..., c], target[..., c], source_mass, target_mass) for c in range(3)]
    return oklab.to_srgb(np.stack(matched, axis=-1))


def _mass(
    picture: NDArray[np.float32], weights: NDArray[np.float32] | None, what: str
) -> NDArray[np.float64]:
    """Return what share of the whole each pixel is, flat."""
    if weights is None:
        weights = np.ones(picture.shape[:2], np.float32)
    if weights.shape != picture.shape[:2]:
        raise OptionError(f"the {what} is {picture.shape[:2]} and its weights are {weights.shape}")
    mass: NDArray[np.float64] = weights.ravel().astype(np.float64)
    total = mass.sum()
    if not (mass >= 0).all() or total == 0:
        raise OptionError(f"the weights of the {what} must not be negative, and not all zero")
    mass /= total
    return mass


def _moments(
    picture: NDArray[np.float32], weights: NDArray[np.float32] | None, what: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean (3) and covariance (3×3) of a picture's colours."""
    mass = _mass(picture, weights, what)[:, np.newaxis]
    colours = picture.reshape(-1, 3).astype(np.float64)
    mean = (mass * colours).sum(axis=0)
    centred = colours - mean
    return mean, (mass * centred).T @ centred


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root


def _inverse_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inverse of the symmetric square root, fading to zero where there is only noise.

    1/√λ would make of a direction without variance, such as the hue of a black-and-white
    print, as much colour as the content has: JPEG noise, blown up.
    """
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0)
    gains = np.where(values > _NOISE, 1 / np.sqrt(np.maximum(values, _NOISE)), np.sqrt(values) / _NOISE)
    inverse: NDArray[np.float64] = (vectors * gains) @ vectors.T
    return inverse


def _map_distribution(
    source: NDArray[np.float32],
    target: NDArray[np.float32],
    source_mass: NDArray[np.float64],
    target_mass: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Map `source` so that its weighted distribution becomes that of `target`.

    The value whose middle rank is q becomes the q-quantile of the target.
    """
    _, places, ranks = _ranks(source.ravel(), source_mass)
    counts = target_mass > 0
    values, _, quantiles = _ranks(target.ravel()[counts], target_mass[counts])
    return np.interp(ranks, quantiles, values)[places].reshape(source.shape).astype(np.float32)


def _ranks(
    channel: NDArray[np.float32], mass: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float64]]:
    """Return a channel's distinct values, which of them each pixel has, and their middle ranks 0..1."""
    values, places = np.unique(channel, return_inverse=True)
    share = np.bincount(places, weights=mass, minlength=len(values))
    return values, places, np.cumsum(share) - share / 2
