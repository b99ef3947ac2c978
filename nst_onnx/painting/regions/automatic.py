"""Regions without a mask of one's own: by the painting's palette, by content, and from labels to labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.losses import neighbours
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.targets import planes
from nst_onnx.objective.terms import Term, Terms
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.painting.regions.clusters import centres, squared_distances
from nst_onnx.painting.regions.masks import label_colours, labelled
from nst_onnx.painting.regions.part import Part, with_weights
from nst_onnx.picture import Picture, Source, fit, resize, resize_mask
from nst_onnx.picture.colour import oklab
from nst_onnx.picture.colour.statistics import affine_map
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

PALETTE = 4
"""Colours of a painting, at most."""
SEGMENTS = 3
"""Kinds of content, at most."""
_LARGEST, _COARSE = 512, 160
"""Longest sides at which the colours of paintings and of the photo are told apart: specks make no region."""
_FEATURES = 320
"""Longest side at which features are."""
_LEAST = 0.03
"""Share of a painting from which on a cluster is a region of its own."""
_SEEN = 0.5
"""Opacity from which on a pixel of a painting is part of its palette."""
_SOFT = 0.5
"""Standard deviation of a colour's mask, in half distances between neighbouring colours."""


def by_colour(
    content: Picture,
    styles: Sequence[Picture],
    style_weights: Sequence[float],
    shape: tuple[int, int],
    seed: int,
) -> list[Part]:
    """Return a region for each colour of the paintings' palette, with soft masks in photo and paintings.

    Afifi et al. 2021, "CAMS: Color-Aware Multi-Style Transfer" (arXiv:2106.13920): one Gram matrix a colour.
    The photo's colours, which are others, first take the mean and covariance of the paintings', in Oklab.
    """
    of_styles = [_lab(style, _LARGEST) for style in styles]
    seen = [_visible(style, lab.shape[:2]) for style, lab in zip(styles, of_styles, strict=True)]
    pixels = np.concatenate([lab[shown] for lab, shown in zip(of_styles, seen, strict=True)])
    palette = _frequent(pixels, centres(pixels, PALETTE, seed))
    own = _lab(content, _COARSE)
    moved = _recoloured(own.reshape(-1, 3), pixels)
    masks = _soft(moved, palette).reshape(*own.shape[:2], -1)
    of_each = [_soft(lab.reshape(-1, 3), palette).reshape(*lab.shape[:2], -1) for lab in of_styles]
    return _parts("colour", masks, shape, styles, style_weights, of_each)


def by_content(
    content: Picture,
    styles: Sequence[Picture],
    style_weights: Sequence[float],
    shape: tuple[int, int],
    seed: int,
    network: Network,
    memory: Memory,
) -> list[Part]:
    """Return a region for each kind of content that photo and paintings have in common.

    Positions are clustered by the features of the network's content layer, each picture's standardised.
    """
    features = partial(_features, network, memory)
    own, of_styles = features(content), [features(style) for style in styles]
    vectors = np.concatenate([one.reshape(-1, one.shape[2]) for one in (own, *of_styles)])
    found = centres(vectors, SEGMENTS, seed)

    def hard(one: Array) -> Array:
        nearest = squared_distances(one.reshape(-1, one.shape[2]), found).argmin(1)
        chosen: Array = np.eye(len(found), dtype=np.float32)[nearest]
        return chosen.reshape(*one.shape[:2], -1)

    return _parts("segment", hard(own), shape, styles, style_weights, [hard(one) for one in of_styles])


def by_labels(
    labels: Source,
    style_labels: Source,
    shape: tuple[int, int],
    styles: Sequence[Picture],
    memory: Memory,
) -> list[Part]:
    """Return a region for each colour of a label map, its style that colour's part of the painting.

    Champandard 2016, "Semantic Style Transfer and Turning Two-Bit Doodles into Fine Artworks"
    (arXiv:1603.01768). Raises PictureError for a colour that the painting's label map lacks.
    """
    if len(styles) != 1:
        raise OptionError("labels of the style are those of one painting", "give one style picture")
    (style,) = styles
    colours = label_colours(labels, memory)
    own, _ = labelled(labels, colours, shape, memory)
    of_style, _ = labelled(style_labels, colours, style.shape, memory)
    return [
        Part(name=colour, mask=own[colour], styles=[with_weights(style, of_style[colour])])
        for colour in colours
    ]


def _parts(
    kind: str,
    masks: Array,
    shape: tuple[int, int],
    styles: Sequence[Picture],
    style_weights: Sequence[float],
    of_styles: Sequence[Array],
) -> list[Part]:
    """Return the regions of clusters that photo and paintings have in common.

    A pixel of another cluster belongs to all of them equally. Raises OptionError where there are none.
    """
    enough = []
    for style, one in zip(styles, of_styles, strict=True):
        seen = _visible(style, one.shape[:2])[..., None] * one
        enough.append(seen.mean((0, 1), dtype=np.float64) >= _LEAST)
    shares = masks.mean((0, 1), dtype=np.float64)
    kept = np.flatnonzero((shares >= _LEAST) & np.any(enough, axis=0))
    if not len(kept):
        raise OptionError("photo and painting have nothing in common to make regions of", "give masks")
    total = masks[..., kept].sum(2, keepdims=True)
    even = np.where(total > 1e-3, masks[..., kept] / np.maximum(total, 1e-3), 1 / len(kept))
    found = []
    for number, k in enumerate(kept):
        used = [i for i in range(len(styles)) if enough[i][k]]
        found.append(
            Part(
                name=f"{kind}-{number + 1}",
                mask=resize_mask(even[..., number], shape),
                styles=[
                    with_weights(styles[i], resize_mask(of_styles[i][..., k], styles[i].shape)) for i in used
                ],
                style_weights=tuple(style_weights[i] for i in used),
            )
        )
    return found


def _visible(style: Picture, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return where a style picture is visible, at another size."""
    if style.alpha is None:
        return np.ones(shape, bool)
    return resize_mask(style.alpha, (shape[0], shape[1])) > _SEEN


def _lab(picture: Picture, longest: int) -> Array:
    reduced = resize(picture.rgb, fit(picture.shape, min(longest, max(picture.shape))))
    return oklab.from_srgb(reduced)


def _recoloured(own: Array, style: Array) -> Array:
    """Return colours N×3 with the mean and covariance of others."""
    means = own.mean(0, dtype=np.float64), style.mean(0, dtype=np.float64)
    covariances = [np.cov(one.T.astype(np.float64), bias=True) for one in (own, style)]
    matrix = affine_map(covariances[0], covariances[1])
    moved: Array = ((own - means[0]) @ matrix.T + means[1]).astype(np.float32)
    return moved


def _frequent(vectors: Array, found: Array) -> Array:
    """Return the centres that enough vectors are nearest to, at least the most frequent."""
    counts = np.bincount(squared_distances(vectors, found).argmin(1), minlength=len(found)) / len(vectors)
    kept: Array = found[counts >= min(_LEAST, counts.max())]
    return kept


def _soft(vectors: Array, palette: Array) -> Array:
    """Return how much each of N vectors belongs to each of K colours, N×K; rows add up to 1."""
    if len(palette) == 1:
        return np.ones((len(vectors), 1), np.float32)
    between = squared_distances(palette, palette)
    np.fill_diagonal(between, np.inf)
    width = _SOFT * float(np.sqrt(between.min(1)).mean()) / 2
    exponent = -squared_distances(vectors, palette) / (2 * width**2)
    weights = np.exp(exponent - exponent.max(1, keepdims=True))
    shares: Array = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return shares


def _features(network: Network, memory: Memory, picture: Picture) -> Array:
    """Return a picture's features h×w×C at a stride of at least 4 pixels, each channel standardised."""
    shape = fit(picture.shape, min(_FEATURES, max(picture.shape)))
    rgb = resize(picture.rgb, shape, out=memory.empty((*shape, 3)))
    layer = network.extractor.facts.content_layers[0]
    terms = Terms((Term(neighbours.LOSS, layer),))
    evaluation = WholeEvaluation(network, terms, shape, Masks())
    evaluation.statistics(planes(rgb), picture.name)
    (part,) = evaluation.maps(planes(rgb))
    (maps,) = part.maps.values()
    found = np.moveaxis(maps, 0, 2)
    flat = found.reshape(-1, found.shape[2])
    deviation = np.maximum(flat.std(0), 1e-3 * max(float(flat.std()), 1e-6))
    standard: Array = ((flat - flat.mean(0)) / deviation).astype(np.float32)
    return standard.reshape(found.shape)
