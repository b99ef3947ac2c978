"""The objective of one tile of a picture, as two ONNX models: its part of the statistics, and its gradient.

A statistic such as a Gram matrix is a sum over positions, and so are the losses that compare position by
position. With G = Σ Gₜ over the tiles t, the gradient of any function L of G is that of Σ ⟨∂L/∂G, Gₜ⟩ with
∂L/∂G held fixed. So a first pass over all tiles gives G, and a second one, tile by tile, the exact gradient
of the whole picture's losses.
"""

from __future__ import annotations

import math
from dataclasses import replace

import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph import Graph, gradient
from nst_onnx.graph.receptive_field import ReceptiveField, receptive_fields
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.graphs import with_features
from nst_onnx.objective.losses.loss import LayerFeatures
from nst_onnx.objective.terms import COEFFICIENTS, GRADIENT, LOSSES, PICTURE, Terms

_PROBE = 512  # pixels a side: so large that rounding in deep layers does not matter


def tile_statistics_model(extractor: Extractor, terms: Terms, channels_last: bool = False) -> onnx.ModelProto:
    """Return a model from a tile to its part of the maps and statistics that the losses compare.

    Inputs: `picture` 1×3×h×w, the tile's window, margin included; ``root_weights/WEIGHTING`` 1×1×h×w, the
    square root of each position's weight (0 outside the tile's core). Outputs, by the terms' names: for
    statistics the sum over positions (divided by nothing), for others the map 1×C×h×w, 0 where the weight is
    0.
    """
    g, weighted = _weighted(extractor, terms, channels_last)
    for term in terms.statistics:
        g.output(term.name, term.loss.position_sum(g, weighted[term.weighting.name]))
    for other in terms.positionwise:
        g.output(other.name, other.loss.map(g, weighted[other.weighting.name]))
    return g.model()


def tile_gradient_model(extractor: Extractor, terms: Terms, channels_last: bool = False) -> onnx.ModelProto:
    """Return a model from a tile to the losses that are sums over positions, and to the gradient of all.

    Further inputs: ``derivative/TERM``, that of the loss with respect to the statistic's sum over all tiles;
    ``target/TERM`` 1×C×h×w; `coefficients`, one for each term that compares position by position.
    Outputs: `losses`, of the latter terms; `gradient` 1×3×h×w with respect to the window.
    """
    g, weighted = _weighted(extractor, terms, channels_last)
    summands = []
    for term in terms.statistics:
        derivative = g.input(f"derivative/{term.name}", term.loss.axes)
        product = g.op("Mul", derivative, term.loss.position_sum(g, weighted[term.weighting.name]))
        summands.append(g.op("ReduceSum", product, keepdims=0))
    if terms.positionwise:
        distances = []
        for other in terms.positionwise:
            target = g.input(f"target/{other.name}", other.loss.axes)
            distances.append(
                other.loss.distance(g, other.loss.map(g, weighted[other.weighting.name]), target)
            )
        column = g.op("Concat", *(g.op("Reshape", d, g.ints(1)) for d in distances), axis=0)
        losses = g.op("Mul", column, g.input(COEFFICIENTS, [len(distances)]))
        summands.append(g.op("ReduceSum", losses, keepdims=0))
        g.output(LOSSES, losses)
    g.output(GRADIENT, gradient(g, g.op("Sum", *summands), PICTURE))
    return g.model()


def feature_shapes(
    extractor: Extractor, terms: Terms, window: tuple[int, int]
) -> dict[str, tuple[int, int, int]]:
    """Return {source: (C, h, w)} of the features in a window (height, width) of the picture."""
    g, found = with_features(extractor, replace(terms, margin=0, masked=False))
    g.input(PICTURE, [1, 3, *window])
    g.infer_shapes()
    shapes = {}
    for source, tensor in found.items():
        _, channels, height, width = g.shape(tensor) or (None,) * 4
        assert channels is not None
        shapes[source] = channels, height or 0, width or 0
    return shapes


def forward_floats(extractor: Extractor, terms: Terms) -> tuple[float, bool]:
    """Return how many numbers per pixel the convolutions up to the layers compute, and a region's weighting.

    Also whether the channels of all fill blocks of 16, as runtimes lay them out.
    """
    g, found = with_features(extractor, replace(terms, margin=0, masked=False))
    g.input(PICTURE, [1, 3, _PROBE, _PROBE])
    g.infer_shapes()
    weighted = [g.shape(found[one.source]) or () for one in terms.weightings if one.region]
    computed = [g.shape(node.output[0]) or () for node in g.nodes if node.op_type == "Conv"]
    sizes = [[n or 0 for n in shape] for shape in computed if shape]
    copy = max((math.prod(n or 0 for n in shape) for shape in weighted if shape), default=0)  # one at a time
    floats = (sum(math.prod(shape) for shape in sizes) + copy) / _PROBE**2
    return floats, all(shape[1] % 16 == 0 for shape in sizes[1:])  # the first is the preprocessing


def tile_fields(extractor: Extractor, terms: Terms) -> dict[str, ReceptiveField]:
    """Return {source: receptive field}. Raises GraphError where there is no bound to it."""
    g, found = with_features(extractor, replace(terms, margin=0, masked=False))
    fields = receptive_fields(g.nodes, PICTURE, g.initializers)
    return {source: fields[tensor] for source, tensor in found.items()}


def fields_or_none(extractor: Extractor, terms: Terms) -> dict[str, ReceptiveField]:
    """Return the same; nothing where there is no bound."""
    try:
        return tile_fields(extractor, terms)
    except GraphError:
        return {}


def _weighted(
    extractor: Extractor, terms: Terms, channels_last: bool
) -> tuple[Graph, dict[str, LayerFeatures]]:
    """Return a graph, and {weighting: features with their weights}."""
    g, found = with_features(extractor, replace(terms, margin=0, masked=False))
    weighted = {}
    for weighting in terms.weightings:
        root = g.input(f"root_weights/{weighting.name}", [1, 1, None, None])
        weighted[weighting.name] = LayerFeatures.of(
            g, found[weighting.source], root, channels_last=channels_last
        )
    return g, weighted
