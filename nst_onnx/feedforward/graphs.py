"""The graphs of a painter: its parts, its derivative, and the form that takes a picture in tiles.

A painter is one ONNX graph from ``image``, ``noise``, ``statistics`` and ``strength`` to ``style`` and
``picture``. All that depends on the whole picture is instance normalisation, whose scales and shifts begin
the style vector; the kernels of the last convolutions end it.
"""

from __future__ import annotations

import onnx

from nst_onnx.graph import Graph, gradient
from nst_onnx.graph.builder import attribute
from nst_onnx.graph.receptive_field import receptive_fields

IMAGE, NOISE = "image", "noise"
STATISTICS, STRENGTH, STYLE, PICTURE = "statistics", "strength", "style", "picture"
COTANGENT, GRADIENT = "cotangent", "gradient"
RATES, OFFSETS = "rates", "offsets"


def predictor(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the part from ``statistics`` and ``strength`` to ``style``."""
    return Graph.from_model(model).model([STYLE])


def painter(model: onnx.ModelProto, size: int) -> onnx.ModelProto:
    """Return the part from ``image``, ``noise`` and ``style`` (`size` numbers) to ``picture``."""
    return _from_style(model, size).model([PICTURE])


def style_gradient(model: onnx.ModelProto, size: int) -> onnx.ModelProto:
    """Return a model from ``image``, ``noise``, ``style`` and ``cotangent`` to ``gradient``.

    ``cotangent``, 1×3×H×W: the derivative of a loss with respect to the picture; ``gradient``: its
    derivative with respect to the style vector.
    """
    g = _from_style(model, size)
    cotangent = g.input(COTANGENT, [1, 3, None, None])
    product = g.op("ReduceSum", g.op("Mul", PICTURE, cotangent), keepdims=0)
    g.output(GRADIENT, gradient(g, product, STYLE))
    return g.model()


def normalisations(model: onnx.ModelProto, size: int) -> onnx.ModelProto:
    """Return a model from ``image``, ``noise`` and ``style`` to ``rates`` and ``offsets``, one a normalised
    channel.

    Instance normalisation is x times its channel's rate, plus its offset, once mean and variance are known.
    """
    g = _from_style(model, size)
    rates, offsets = [], []
    old, g.nodes = g.nodes, []
    for node in old:
        if node.op_type != "InstanceNormalization":
            g.nodes.append(node)
            continue
        rate, offset = _rate_and_offset(g, node)
        rates.append(rate)
        offsets.append(offset)
        # What follows needs them, so that they are computed first, and the tensor is free after that.
        _apply(g, node, rate, offset)
    g.output(RATES, g.op("Concat", *rates, axis=0))
    g.output(OFFSETS, g.op("Concat", *offsets, axis=0))
    return g.model()


def _rate_and_offset(g: Graph, node: onnx.NodeProto) -> tuple[str, str]:
    x, scale, shift = node.input
    mean = g.op("GlobalAveragePool", x)
    centred = g.op("Sub", x, mean)
    variance = g.op("GlobalAveragePool", g.op("Mul", centred, centred))
    deviation = g.op("Sqrt", g.op("Add", variance, g.constant(attribute(node, "epsilon", 1e-5))))
    rate = g.op("Div", scale, g.op("Reshape", deviation, g.ints(-1)))
    return rate, g.op("Sub", shift, g.op("Mul", g.op("Reshape", mean, g.ints(-1)), rate))


def _apply(g: Graph, node: onnx.NodeProto, rate: str, offset: str) -> None:
    """Add the node that a normalisation is, once its rate and offset are known."""
    factor, shift = (g.op("Reshape", vector, g.ints(-1, 1, 1)) for vector in (rate, offset))
    scaled = g.op("Mul", node.input[0], factor)
    g.nodes.append(onnx.helper.make_node("Add", [scaled, shift], list(node.output)))


def tile_painter(model: onnx.ModelProto, size: int) -> tuple[onnx.ModelProto, int]:
    """Return a model from ``image``, ``noise``, ``style``, ``rates`` and ``offsets`` to
    ``picture``, and its halo in pixels.

    A pixel of the picture depends on no pixel of the image that is farther away than the halo.
    """
    g = _from_style(model, size)
    g.infer_shapes()
    widths = [_channels(g, node) for node in _normalising(g)]
    vectors = g.input(RATES, [sum(widths)]), g.input(OFFSETS, [sum(widths)])
    begin = 0
    old, g.nodes = g.nodes, []
    for node in old:
        if node.op_type != "InstanceNormalization":
            g.nodes.append(node)
            continue
        channels = widths.pop(0)
        bounds = g.ints(begin), g.ints(begin + channels), g.ints(0)
        _apply(g, node, *(g.op("Slice", vector, *bounds) for vector in vectors))
        begin += channels
    made = g.model([PICTURE])
    fields = receptive_fields(made.graph.node, IMAGE, {t.name: t for t in made.graph.initializer})
    return made, max(max(-axis.first, axis.last) for axis in fields[PICTURE])


def _from_style(model: onnx.ModelProto, size: int) -> Graph:
    """Return the painter's graph with ``style`` as an input."""
    g = Graph.from_model(model)
    g.nodes = [node for node in g.nodes if STYLE not in node.output]
    g.input(STYLE, [size])
    return g


def _normalising(g: Graph) -> list[onnx.NodeProto]:
    return [node for node in g.nodes if node.op_type == "InstanceNormalization"]


def _channels(g: Graph, node: onnx.NodeProto) -> int:
    shape = g.shape(node.input[1])
    assert shape is not None
    assert shape[0] is not None
    return shape[0]
