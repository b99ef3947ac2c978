"""From a network and a choice of losses to two ONNX models: statistics, and losses with gradient.

The picture enters as RGB, 0..1, 1×3×H×W; the network's preprocessing is part of the graph. Layers, pooling
and the form of the total variation make a graph; everything else that tells presets apart (weights,
normalisations) is a vector of coefficients, an input. So one graph serves many settings.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import onnx

from nst_onnx.graph import Graph, gradient
from nst_onnx.graph.passes.network_edits import Pooling, cut, replace_pooling, strides
from nst_onnx.graph.passes.recompute import recompute
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective import loss_scaling
from nst_onnx.objective.losses import content, style, temporal, total_variation

PICTURE = "picture"
MASK = "mask"
COEFFICIENTS = "coefficients"
LOSSES = "losses"
GRADIENT = "gradient"

_CHEAP = 27  # products for each number of a layer: three by three of three colours


@dataclass(frozen=True)
class Terms:
    """Which terms an objective has. Layer names are those of the extractor.

    `tv` names a form of the total variation, None for none. `pooling` None keeps the network's own;
    `same` rounds pooled sizes up. `masked`: an input ``mask`` says how much each pixel counts.
    `temporal`: whether the picture is held to the frame before.
    """

    content: tuple[str, ...]
    style: tuple[str, ...]
    tv: str | None = None
    pooling: Pooling | None = None
    same: bool = False
    margin: int = 0
    masked: bool = False
    temporal: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The terms in the order of the `losses` output: content/LAYER…, style/LAYER…, tv, temporal."""
        layers = [f"content/{name}" for name in self.content] + [f"style/{name}" for name in self.style]
        return (*layers, *(["tv"] if self.tv else []), *(["temporal"] if self.temporal else []))

    def of(self, names: Collection[str]) -> Terms:
        """Return the same without the terms that are not among `names`."""
        return replace(
            self,
            content=tuple(layer for layer in self.content if f"content/{layer}" in names),
            style=tuple(layer for layer in self.style if f"style/{layer}" in names),
            tv=self.tv if "tv" in names else None,
            temporal=self.temporal and "temporal" in names,
        )

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that some term looks at, once."""
        return tuple(dict.fromkeys(self.content + self.style))


def statistics_model(
    extractor: Extractor, terms: Terms, gram: style.Gram = style.gram_by_channels
) -> onnx.ModelProto:
    """Return a model from `picture` to what each loss compares.

    Outputs: ``content/LAYER`` 1×C×h×w, ``style/LAYER`` C×C, and ``shape/LAYER`` (4 numbers) for every layer.
    `gram`: how to compute Gram matrices; runtimes differ in what suits them.
    """
    g, found = with_features(extractor, terms)
    for name, tensor in _statistics(g, found, terms, gram).items():
        g.output(name, tensor)
    for layer, tensor in found.items():
        g.output(f"shape/{layer}", g.op("Cast", g.op("Shape", tensor), to=onnx.TensorProto.FLOAT))
    return g.model()


def objective_model(
    extractor: Extractor,
    terms: Terms,
    gram: style.Gram = style.gram_by_channels,
    *,
    first_to_last: bool = False,
    scaled: bool = False,
    sides: tuple[int, int] | None = None,
) -> onnx.ModelProto:
    """Return a model from `picture`, targets and `coefficients` to `losses` and `gradient`.

    Further inputs ``target/content/LAYER`` and ``target/style/LAYER`` are shaped as the statistics, those
    of a temporal loss as in `nst_onnx.objective.losses.temporal`;
    `coefficients` (one per term) multiply sums of squared differences. Outputs: `losses`, one per
    term; `gradient` of their sum with respect to the picture, 1×3×H×W. `first_to_last`: whether the runtime
    computes an operator's inputs in this order (OpenVINO), or the other way round (onnxruntime).
    `scaled`: whether the loss is scaled on its way back (`objective.loss_scaling`). `sides`: (H, W) of all
    pictures; None leaves it open.
    """
    g, found = with_features(extractor, terms)
    if sides is not None:
        g.input(PICTURE, [1, 3, *sides])
    distances = []
    for name, tensor in _statistics(g, found, terms, gram).items():
        shape = [1, None, None, None] if name.startswith("content/") else [None, None]
        difference = g.op("Sub", tensor, g.input(f"target/{name}", shape))
        distances.append(g.op("ReduceSumSquare", difference, keepdims=0))
    if terms.tv:
        levels = g.op("Mul", PICTURE, g.constant(255.0))
        distances.append(total_variation.FORMS[terms.tv](g, levels))
    if terms.temporal:
        distances.append(temporal.distance(g, PICTURE))
    # The shallowest is to be computed first: then its large features can go.
    deeper = np.argsort([_depth(g, name) for name in terms.names], kind="stable")
    order = deeper if first_to_last else deeper[::-1]
    column = g.op("Concat", *(g.op("Reshape", distances[i], g.ints(1)) for i in order), axis=0)
    coefficients = g.input(COEFFICIENTS, [len(distances)])
    ordered = g.op("Mul", column, g.op("Gather", coefficients, g.ints(*order)))
    total = g.op("ReduceSum", ordered, keepdims=0)
    forwards = len(g.nodes)
    slope = gradient(g, loss_scaling.scaled(g, total) if scaled else total, PICTURE)
    # An overflow of half precision must not get lost on its way to the gradient, as it would there.
    if not scaled and (first := _first_layer(g, extractor)):
        recompute(g, first, PICTURE, forwards)
    g.output(LOSSES, g.op("Gather", ordered, g.ints(*np.argsort(order))))
    g.output(GRADIENT, loss_scaling.unscaled(g, slope) if scaled else slope)
    return g.model()


def _depth(g: Graph, name: str) -> int:
    """Return the place of a term's layer among the nodes, 0 for a term on the picture itself."""
    layer = name.partition("/")[2]
    return next((place for place, node in enumerate(g.nodes) if layer and layer in node.output), 0)


def _first_layer(g: Graph, extractor: Extractor) -> str:
    """Return the ReLU of a first layer that is cheap, "" where there is none."""
    layer = next(node for node in g.nodes if extractor.input in node.input)
    kernel = g.shape(layer.input[1]) if layer.op_type == "Conv" else None
    if kernel is None or None in kernel or np.prod([n or 0 for n in kernel[1:]]) > _CHEAP:
        return ""
    found = (node for node in g.nodes if node.op_type == "Relu" and node.input[0] == layer.output[0])
    return next((node.output[0] for node in found), "")


def with_features(extractor: Extractor, terms: Terms) -> tuple[Graph, dict[str, str]]:
    """Return a graph that computes the terms' features from `picture`, and {layer: tensor}."""
    g = Graph.from_model(cut(extractor.proto, terms.layers))
    del g.inputs[extractor.input]
    layers, g.nodes = g.nodes, []
    g.input(PICTURE, [1, 3, None, None])
    matrix, offset = extractor.facts.preprocessing.affine()
    kernel = g.constant(matrix.reshape(3, 3, 1, 1).astype(np.float32))
    seen, m = PICTURE, terms.margin
    if m:
        seen = g.op("Pad", PICTURE, g.ints(0, 0, m, m, 0, 0, m, m), mode="edge")
    prepared = g.op("Conv", seen, kernel, g.constant(offset.astype(np.float32)))
    g.nodes.append(onnx.helper.make_node("Identity", [prepared], [extractor.input]))
    g.nodes += replace_pooling(layers, terms.pooling, same=terms.same)
    if terms.masked:
        g.input(MASK, [1, 1, None, None])
    apart = strides(g.nodes, extractor.input)
    return g, {layer: _within(g, layer, m // apart[layer]) for layer in terms.layers}


def _within(g: Graph, features: str, border: int) -> str:
    """Return features without so many positions at each end of both axes."""
    if not border:
        return features
    return g.op("Slice", features, g.ints(border, border), g.ints(-border, -border), g.ints(2, 3))


def _statistics(g: Graph, found: dict[str, str], terms: Terms, gram: style.Gram) -> dict[str, str]:
    """Return {term: tensor} for every term on features."""
    compared = {}
    for name in (n for n in terms.names if "/" in n):
        kind, _, layer = name.partition("/")
        mask = _mask(g, found[layer]) if terms.masked else None
        if kind == "content":
            compared[name] = content.statistic(g, found[layer], mask)
        else:
            compared[name] = style.statistic(g, found[layer], mask, gram)
    return compared


def _mask(g: Graph, features: str) -> str:
    """Return the mask at the size of a layer's features, 1×1×h×w.

    The Reshape changes nothing at run time: it tells shape inference the rank, which Resize leaves open.
    """
    sizes = g.op("Concat", g.ints(1, 1), g.op("Shape", features, start=2), axis=0)
    resized = g.op("Resize", MASK, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")
    return g.op(
        "Reshape", resized, g.op("Concat", g.ints(1, 1, -1), g.op("Shape", features, start=3), axis=0)
    )
