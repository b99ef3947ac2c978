"""The two ONNX models of an objective: the statistics, and the losses with their gradient.

The picture enters as RGB, 0..1, 1×3×H×W; the network's preprocessing is part of the graph. Terms, pooling
and margin determine a graph; everything else that tells presets apart (weights, normalisations) is a vector
of coefficients, an input. So one graph serves many settings.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx

from nst_onnx.graph import Graph, gradient
from nst_onnx.graph.passes.network_edits import cut, replace_pooling, strides
from nst_onnx.graph.passes.recompute import recompute
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective import loss_scaling
from nst_onnx.objective.losses.loss import LayerFeatures
from nst_onnx.objective.terms import COEFFICIENTS, GRADIENT, LOSSES, MASK, PICTURE, Terms

_CHEAP = 27  # products for each number of a layer: three by three of three colours


def statistics_model(extractor: Extractor, terms: Terms, channels_last: bool = False) -> onnx.ModelProto:
    """Return a model from `picture` to the maps and statistics that the losses compare.

    Outputs: one of each term's name (``content/LAYER`` 1×C×h×w, ``style/LAYER`` C×C, ``moments/LAYER``
    (C+1)×C), and ``shape/SOURCE`` (4 numbers) for all features that terms read. `channels_last`: whether the
    runtime holds features N×H×W×C inside.
    """
    g, found = with_features(extractor, terms)
    for name, tensor in _compared(g, found, terms, channels_last).items():
        g.output(name, tensor)
    for source, tensor in found.items():
        g.output(f"shape/{source}", g.op("Cast", g.op("Shape", tensor), to=onnx.TensorProto.FLOAT))
    return g.model()


def objective_model(
    extractor: Extractor,
    terms: Terms,
    channels_last: bool = False,
    *,
    first_to_last: bool = False,
    scaled: bool = False,
    sides: tuple[int, int] | None = None,
) -> onnx.ModelProto:
    """Return a model from `picture`, targets and `coefficients` to `losses` and `gradient`.

    Further inputs: ``target/TERM``, shaped as the statistics; ``root_weights/SOURCE@REGION``, 1×1×h×w, the
    square roots of a region's guide, also of the other model; and those of the losses on the picture;
    `coefficients` (one per term) multiply the distances. Outputs: `losses`, one per
    term; `gradient` of their sum with respect to the picture, 1×3×H×W. `first_to_last`: whether the runtime
    computes an operator's inputs in this order (OpenVINO), or the other way round (onnxruntime).
    `scaled`: whether the loss is scaled for float16 (`objective.loss_scaling`). `sides`: (H, W) of all
    pictures; None leaves it open.
    """
    g, found = with_features(extractor, terms)
    if sides is not None:
        g.input(PICTURE, [1, 3, *sides])
    by_name = _distances(g, found, terms, channels_last)
    distances = [by_name[name] for name in terms.names]
    # The shallowest is to be computed first: its large features can then be released.
    deeper = np.argsort([_depth(g, term.layer) for term in terms.terms], kind="stable")
    order = deeper if first_to_last else deeper[::-1]
    column = g.op("Concat", *(g.op("Reshape", distances[i], g.ints(1)) for i in order), axis=0)
    coefficients = g.input(COEFFICIENTS, [len(distances)])
    ordered = g.op("Mul", column, g.op("Gather", coefficients, g.ints(*order)))
    total = g.op("ReduceSum", ordered, keepdims=0)
    forwards = len(g.nodes)
    derivative = gradient(g, loss_scaling.scaled(g, total) if scaled else total, PICTURE)
    # Recomputation would replace an overflow of float16 by a finite number on its way to the gradient.
    if not scaled and (first := _first_layer(g, extractor)):
        recompute(g, first, PICTURE, forwards)
    g.output(LOSSES, g.op("Gather", ordered, g.ints(*np.argsort(order))))
    g.output(GRADIENT, loss_scaling.unscaled(g, derivative) if scaled else derivative)
    return g.model()


def _distances(g: Graph, found: dict[str, str], terms: Terms, channels_last: bool) -> dict[str, str]:
    """Return {term: distance}."""
    compared = _compared(g, found, terms, channels_last)
    distances = {}
    for term in terms.features:
        target = g.input(f"target/{term.name}", term.loss.axes)
        distances[term.name] = term.loss.distance(g, compared[term.name], target)
    return distances | {term.name: term.loss.distance(g, PICTURE) for term in terms.pictures}


def _depth(g: Graph, layer: str) -> int:
    """Return the place of a layer among the nodes, 0 for none: a term on the picture itself."""
    return next((place for place, node in enumerate(g.nodes) if layer and layer in node.output), 0)


def _first_layer(g: Graph, extractor: Extractor) -> str:
    """Return the ReLU of a first layer that is cheap to recompute, "" where there is none."""
    layer = next(node for node in g.nodes if extractor.input in node.input)
    kernel = g.shape(layer.input[1]) if layer.op_type == "Conv" else None
    if kernel is None or None in kernel or np.prod([n or 0 for n in kernel[1:]]) > _CHEAP:
        return ""
    found = (node for node in g.nodes if node.op_type == "Relu" and node.input[0] == layer.output[0])
    return next((node.output[0] for node in found), "")


def with_features(extractor: Extractor, terms: Terms) -> tuple[Graph, dict[str, str]]:
    """Return a graph that computes the terms' features from `picture`, and {source: tensor}."""
    g = Graph.from_model(cut(extractor.proto, terms.layers))
    del g.inputs[extractor.input]
    layers, g.nodes = g.nodes, []
    g.input(PICTURE, [1, 3, None, None])
    matrix, offset = extractor.facts.preprocessing.affine()
    kernel = g.constant(matrix.reshape(3, 3, 1, 1).astype(np.float32))
    padded, m = PICTURE, terms.margin
    if m:
        padded = g.op("Pad", PICTURE, g.ints(0, 0, m, m, 0, 0, m, m), mode="edge")
    prepared = g.op("Conv", padded, kernel, g.constant(offset.astype(np.float32)))
    g.nodes.append(onnx.helper.make_node("Identity", [prepared], [extractor.input]))
    g.nodes += replace_pooling(layers, terms.pooling, same=terms.same)
    if terms.masked:
        g.input(MASK, [1, 1, None, None])
    stride, found = strides(g.nodes, extractor.input), dict[str, str]()
    for term in terms.features:
        if term.source not in found:
            factor = max(1, term.loss.stride // stride[term.layer])
            averaged = _averaged(g, term.layer, factor)
            found[term.source] = _without_border(g, averaged, m // (stride[term.layer] * factor))
    return g, found


def feature_strides(extractor: Extractor, terms: Terms) -> dict[str, int]:
    """Return {source: pixels between neighbouring positions of its features}."""
    g, found = with_features(extractor, replace(terms, margin=0, masked=False))
    of_each = strides(g.nodes, PICTURE)
    return {source: of_each[tensor] for source, tensor in found.items()}


def _averaged(g: Graph, features: str, factor: int) -> str:
    """Return the means of features over squares of `factor` positions a side; incomplete ones are cut off."""
    if factor == 1:
        return features
    return g.op("AveragePool", features, kernel_shape=[factor, factor], strides=[factor, factor])


def _without_border(g: Graph, features: str, border: int) -> str:
    """Return features without `border` positions at each end of both axes."""
    if not border:
        return features
    return g.op("Slice", features, g.ints(border, border), g.ints(-border, -border), g.ints(2, 3))


def _compared(g: Graph, found: dict[str, str], terms: Terms, channels_last: bool) -> dict[str, str]:
    """Return {term: tensor} for every term on features."""
    compared = {}
    for term in terms.features:
        mask = root = None
        if term.region:
            root = g.input(f"root_weights/{term.weighting.name}", [1, 1, None, None])
            mask = g.op("Mul", root, root)
        elif terms.masked:
            mask = _mask(g, found[term.source])
            root = g.op("Sqrt", mask)
        features = LayerFeatures.of(g, found[term.source], root, channels_last=channels_last)
        compared[term.name] = term.loss.compared(g, features, mask)
    return compared


def _mask(g: Graph, features: str) -> str:
    """Return the mask at the size of a layer's features, 1×1×h×w.

    The Reshape has no effect at run time: it gives shape inference the rank, which Resize leaves open.
    """
    sizes = g.op("Concat", g.ints(1, 1), g.op("Shape", features, start=2), axis=0)
    resized = g.op("Resize", MASK, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")
    return g.op(
        "Reshape", resized, g.op("Concat", g.ints(1, 1, -1), g.op("Shape", features, start=3), axis=0)
    )
