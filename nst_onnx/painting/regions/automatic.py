"""Regions without a mask of one's own: by the painting's palette, by content, and from labels to labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from nst_onnx.errors import OptionError
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.losses import neighbours
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.targets import planes
from nst_onnx.objective.terms import Term, Terms
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.painting.region import Region
from nst_onnx.painting.regions.clusters import centres, squared_distances
from nst_onnx.painting.regions.masks import label_colours, labelled, resized
from nst_onnx.picture import Picture, Source, fit, resize
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
_SOFT = 0.5
"""Standard deviation of a colour's mask, in half distances between neighbouring colours."""


def by_colour(content: Picture, styles: Sequence[Picture], seed: int) -> list[Region]:
    """Return a region for each colour of the paintings' palette, with soft masks in photo and paintings.

    Afifi et al. 2021, "CAMS: Color-Aware Multi-Style Transfer" (arXiv:2106.13920): one Gram matrix a colour.
    The photo's colours, which are others, first take the mean and covariance of the paintings', in Oklab.
    """
    of_styles = [_lab(style, _LARGEST) for style in styles]
    pixels = np.concatenate([lab.reshape(-1, 3) for lab in of_styles])
    palette = _frequent(pixels, centres(pixels, PALETTE, seed))
    own = _lab(content, _COARSE)
    flat = own.reshape(-1, 3)
    moved = _recoloured(flat, pixels)
    masks = _soft(moved, palette).reshape(*own.shape[:2], -1)
    of_each = [_soft(lab.reshape(-1, 3), palette).reshape(*lab.shape[:2], -1) for lab in of_styles]
    return _regions("colour", content, masks, styles, of_each)


def by_content(
    content: Picture, styles: Sequence[Picture], network: Network, seed: int, memory: Memory
) -> list[Region]:
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

    return _regions("segment", content, hard(own), styles, [hard(one) for one in of_styles])


def by_labels(
    labels: Source, style_labels: Source, content: Picture, styles: Sequence[Picture], memory: Memory
) -> list[Region]:
    """Return a region for each colour of a label map, its style that colour's part of the painting.

    Champandard 2016, "Semantic Style Transfer and Turning Two-Bit Doodles into Fine Artworks"
    (arXiv:1603.01768). Raises PictureError for a colour that the painting's label map lacks.
    """
    if len(styles) != 1:
        raise OptionError("labels of the style are those of one painting", "give one style picture")
    (style,) = styles
    colours = label_colours(labels, memory)
    own, _ = labelled(labels, colours, content.shape, memory)
    of_style, _ = labelled(style_labels, colours, style.shape, memory)
    masks = [(_as_picture(own[colour], colour), of_style[colour]) for colour in colours]
    return [Region(mask, [with_weights(style, weights)]) for mask, weights in masks]


def with_weights(style: Picture, weights: Array) -> Picture:
    """Return a style picture of which positions count as much as `weights` H×W say."""
    alpha = weights if style.alpha is None else weights * style.alpha
    return replace(style, alpha=np.ascontiguousarray(alpha, np.float32))


def _regions(
    kind: str, content: Picture, masks: Array, styles: Sequence[Picture], of_styles: Sequence[Array]
) -> list[Region]:
    """Return the regions of clusters that photo and paintings have; the others' pixels go to the first."""
    shares = [float(mask.mean(dtype=np.float64)) for mask in np.moveaxis(masks, 2, 0)]
    kept = []
    for k in range(masks.shape[2]):
        in_styles = max(float(weights[..., k].mean(dtype=np.float64)) for weights in of_styles)
        if in_styles >= _LEAST and shares[k] > 0:
            kept.append(k)
    total = masks[..., kept].sum(2, keepdims=True)
    even = np.where(total > 1e-3, masks[..., kept] / np.maximum(total, 1e-3), 1 / max(len(kept), 1))
    regions = []
    for number, k in enumerate(kept):
        mask = resized(np.ascontiguousarray(even[..., number], np.float32), content.shape, kind)
        used = [
            with_weights(style, resized(np.ascontiguousarray(weights[..., k]), style.shape, kind))
            for style, weights in zip(styles, of_styles, strict=True)
            if weights[..., k].mean(dtype=np.float64) >= _LEAST
        ]
        regions.append(Region(_as_picture(mask, f"{kind}-{number + 1}"), used))
    return regions


def _as_picture(mask: Array, name: str) -> Picture:
    return Picture(np.repeat(mask[..., None], 3, 2), None, name, 8)


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
