"""Colour transfer in Oklab: a picture in the colours of others, by the mean and covariance of their colours.

Reinhard, Ashikhmin, Gooch & Shirley 2001, "Color transfer between images", here with the full covariance and
the symmetric map Σ_T^½ Σ^-½ of `match_covariance`. Oklab instead of RGB: lightness and hue change separately.

Pictures are float32 H×W×3, sRGB-encoded, 0..1; they may be memory-mapped, and are processed strip by strip.
Weights (H×W, not negative) are those of each pixel in the statistics, such as a picture's alpha. Results go
into `out` (H×W×3, may be the picture itself) or, without it, into a new array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nst_onnx.picture.colour import oklab
from nst_onnx.picture.colour.statistics import affine_map, by_strips, moments
from nst_onnx.picture.resize import fit, resize

LOW = 64
"""Longest side, in pixels, that low frequencies are represented at."""


@dataclass(frozen=True, eq=False)
class Colours:
    """Mean (3) and covariance (3×3) of colours in Oklab."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def of(cls, picture: NDArray[np.float32], weights: NDArray[np.float32] | None = None) -> Colours:
        """Return those of a picture. Raises OptionError if weights do not fit or sum to zero."""
        return cls(*moments(picture, weights, space=oklab.from_srgb))

    @classmethod
    def blended(cls, several: Sequence[Colours], weights: Sequence[float] | None) -> Colours:
        """Return the weighted mean of means and of covariances; without weights, all count the same."""
        shares = np.ones(len(several)) if weights is None else np.asarray(weights, np.float64)
        shares = shares / shares.sum()
        return cls(
            np.tensordot(shares, [one.mean for one in several], 1),
            np.tensordot(shares, [one.covariance for one in several], 1),
        )


def transfer_colours(
    picture: NDArray[np.float32],
    target: Colours,
    *,
    weights: NDArray[np.float32] | None = None,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return a picture whose colours have the target's mean and covariance.

    Colours outside sRGB lose chroma, which may move both a little. Raises OptionError as `Colours.of`.
    """
    own = Colours.of(picture, weights)
    matrix = affine_map(own.covariance, target.covariance)

    def recoloured(part: NDArray[np.float32]) -> NDArray[np.float32]:
        lab = (oklab.from_srgb(part) - own.mean) @ matrix.T + target.mean
        return oklab.to_srgb(lab.astype(np.float32))

    return by_strips(picture, recoloured, out)


def transfer_chroma(
    picture: NDArray[np.float32],
    target: Colours,
    *,
    weights: NDArray[np.float32] | None = None,
    out: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return a picture with the target's mean and covariance in the low frequencies of a and b.

    Lightness and fine detail of colour, such as single strokes, stay: an affine map of the picture reduced to
    `LOW` pixels says how much a and b change, and this change is enlarged again. The last step of Kolkin et
    al. 2022 (arXiv:2203.13215), with another low-pass filter. `target`: of pictures reduced likewise
    (`low_frequencies`). `out` is not the picture itself. Raises OptionError as `Colours.of`.
    """
    height, width = picture.shape[:2]
    low = low_frequencies(picture)
    mass = None if weights is None else resize(weights, (low.shape[0], low.shape[1]))
    own = Colours.of(low, mass)
    matrix = affine_map(own.covariance[1:, 1:], target.covariance[1:, 1:]) - np.eye(2)
    smooth = resize(low, (height, width), out=out)

    def recoloured(part: NDArray[np.float32], around: NDArray[np.float32]) -> NDArray[np.float32]:
        lab, change = oklab.from_srgb(part), (oklab.from_srgb(around)[..., 1:] - own.mean[1:]) @ matrix.T
        lab[..., 1:] += change + (target.mean - own.mean)[1:]
        return oklab.to_srgb(lab)

    return by_strips(picture, recoloured, out, smooth)


def low_frequencies(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture reduced to `LOW` pixels at its longest side; a smaller one as it is."""
    shape = picture.shape[0], picture.shape[1]
    return picture if max(shape) <= LOW else resize(picture, fit(shape, LOW))
