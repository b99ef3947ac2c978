"""The objective of one tile of a picture, as two ONNX models: its share of the statistics, and its gradient.

A Gram matrix is a sum over positions, and so are the content loss and what it needs. With G = Σ Gₜ over the
tiles t, the gradient of any function L of G is that of Σ ⟨∂L/∂G, Gₜ⟩ with ∂L/∂G held fixed. So a first
pass over all tiles gives G, and a second one, tile by tile, the exact gradient of the whole picture's losses.
"""

from __future__ import annotations

import math
from dataclasses import replace

import onnx

from nst_onnx.graph import Graph, gradient
from nst_onnx.graph.receptive_field import ReceptiveField, receptive_fields
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.graphs import COEFFICIENTS, GRADIENT, LOSSES, PICTURE, Terms, with_features
from nst_onnx.objective.losses import style

_PROBE = 512  # pixels a side: so large that rounding in deep layers does not matter


def tile_statistics_model(
    extractor: Extractor, terms: Terms, gram: style.Gram = style.gram_by_channels
) -> onnx.ModelProto:
    """Return a model from a tile to its share of what the losses compare.

    Inputs: `picture` 1×3×h×w, the tile's window, margin included; ``counted/LAYER`` 1×1×h×w, the square
    root of how much each position counts (0 outside the tile's core). Outputs: ``style/LAYER`` C×C, the sum
    over positions (divided by nothing), and ``content/LAYER`` 1×C×h×w, 0 where nothing counts.
    """
    g, counted = _counted(extractor, terms)
    for layer in terms.style:
        g.output(f"style/{layer}", gram(g, counted[layer]))
    for layer in terms.content:
        g.output(f"content/{layer}", counted[layer])
    return g.model()


def tile_gradient_model(
    extractor: Extractor, terms: Terms, gram: style.Gram = style.gram_by_channels
) -> onnx.ModelProto:
    """Return a model from a tile to the losses that are sums over positions, and to the gradient of all.

    Further inputs: ``pull/LAYER`` C×C, the derivative of the losses with respect to the sum over all tiles
    of ``style/LAYER``; ``target/content/LAYER`` as the statistics; `coefficients`, one a content layer.
    Outputs: `losses`, the content layers' own; `gradient` 1×3×h×w with respect to the window.
    """
    g, counted = _counted(extractor, terms)
    shares = []
    for layer in terms.style:
        pull = g.input(f"pull/{layer}", [None, None])
        shares.append(g.op("ReduceSum", g.op("Mul", pull, gram(g, counted[layer])), keepdims=0))
    if terms.content:
        distances = []
        for layer in terms.content:
            target = g.input(f"target/content/{layer}", [1, None, None, None])
            distances.append(g.op("ReduceSumSquare", g.op("Sub", counted[layer], target), keepdims=0))
        column = g.op("Concat", *(g.op("Reshape", d, g.ints(1)) for d in distances), axis=0)
        losses = g.op("Mul", column, g.input(COEFFICIENTS, [len(distances)]))
        shares.append(g.op("ReduceSum", losses, keepdims=0))
        g.output(LOSSES, losses)
    slope = gradient(g, g.op("Sum", *shares), PICTURE)
    g.output(GRADIENT, slope)
    return g.model()


def feature_shapes(
    extractor: Extractor, terms: Terms, window: tuple[int, int]
) -> dict[str, tuple[int, int, int]]:
    """Return (C, h, w) of every layer's features in a window (height, width) of the picture."""
    g, found = with_features(extractor, replace(terms, margin=0, masked=False))
    g.input(PICTURE, [1, 3, *window])
    g.infer_shapes()
    shapes = {}
    for layer, tensor in found.items():
        _, channels, height, width = g.shape(tensor) or (None,) * 4
        assert channels is not None
        shapes[layer] = channels, height or 0, width or 0
    return shapes


def forward_floats(extractor: Extractor, terms: Terms) -> tuple[float, bool]:
    """Return how many numbers per pixel the convolutions on the way to the layers compute.

    Also whether all come in channels that fill blocks of 16, as runtimes lay them out.
    """
    g, _ = with_features(extractor, replace(terms, margin=0, masked=False))
    g.input(PICTURE, [1, 3, _PROBE, _PROBE])
    g.infer_shapes()
    computed = [g.shape(node.output[0]) or () for node in g.nodes if node.op_type == "Conv"]
    sizes = [[n or 0 for n in shape] for shape in computed if shape]
    floats = sum(math.prod(shape) for shape in sizes) / _PROBE**2
    return floats, all(shape[1] % 16 == 0 for shape in sizes[1:])  # the first is the preprocessing


def tile_fields(extractor: Extractor, terms: Terms) -> dict[str, ReceptiveField]:
    """Return the receptive field of every layer. Raises GraphError where there is no bound to it."""
    g, found = with_features(extractor, replace(terms, margin=0, masked=False))
    fields = receptive_fields(g.nodes, PICTURE, g.initializers)
    return {layer: fields[tensor] for layer, tensor in found.items()}


def _counted(extractor: Extractor, terms: Terms) -> tuple[Graph, dict[str, str]]:
    """Return a graph, and {layer: features as far as they count}."""
    g, found = with_features(extractor, replace(terms, margin=0, masked=False))
    return g, {
        layer: g.op("Mul", tensor, g.input(f"counted/{layer}", [1, 1, None, None]))
        for layer, tensor in found.items()
    }
