"""Receptive fields against brute force: change one line of pixels, and see what moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from support.networks import squeezenet, vgg_weights

from nst_onnx.errors import GraphError
from nst_onnx.graph import Graph
from nst_onnx.graph.passes.network_edits import cut
from nst_onnx.graph.receptive_field import Field, receptive_fields
from nst_onnx.models import vgg

CHANGE = 1e4  # so large that it is seen through many convolutions
LAYER = "y"
Maker = Callable[[Graph, str], str]


def network(make: Maker) -> onnx.ModelProto:
    """A model from a picture `x` to the features `LAYER` that `make` adds."""
    g = Graph(18)  # in which a Pad may name its axes
    g.input("x", ["n", 3, None, None])
    g.nodes.append(helper.make_node("Identity", [make(g, "x")], [LAYER]))
    g.output(LAYER, LAYER)
    return g.model()


def positive(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with positive weights, each kernel's summing to 1: what a position sees, moves it."""
    for tensor in model.graph.initializer:
        if len(tensor.dims) == 4:
            weights = np.abs(numpy_helper.to_array(tensor)) + np.float32(0.1)
            weights /= weights.sum(axis=(1, 2, 3), keepdims=True)
            tensor.CopyFrom(numpy_helper.from_array(weights, tensor.name))
    return model


def fields_of(model: onnx.ModelProto) -> dict[str, Field]:
    return receptive_fields(
        model.graph.node, model.graph.input[0].name, {t.name: t for t in model.graph.initializer}
    )


def movement(model: onnx.ModelProto, axis: int, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """{output: which positions along an axis (second index) move if a line of pixels (first index) does}."""
    lines = shape[axis]
    pictures = np.tile(
        np.random.default_rng(0).uniform(0.5, 1, (1, 3, *shape)).astype(np.float32), (lines + 1, 1, 1, 1)
    )
    for line in range(lines):
        np.moveaxis(pictures[line], axis + 1, 0)[line] += CHANGE
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found = {}
    for name, features in zip(
        names, session.run(names, {session.get_inputs()[0].name: pictures}), strict=True
    ):
        change = np.abs(features[:-1] - features[-1])
        found[name] = change.max(axis=(1, 3 - axis)) > 1e-3
    return found


def hold(model: onnx.ModelProto, shape: tuple[int, int], *, tight: bool = True) -> None:
    """No position sees more than its field, and (`tight`) those away from the border see all of it."""
    fields = fields_of(model)
    for axis in (0, 1):
        for name, moved in movement(model, axis, shape).items():
            reach, full = fields[name][axis], 0
            assert moved.any()
            for position, seen in enumerate(moved.T):
                first, last = (position * reach.stride + n for n in (reach.first, reach.last))
                lines = np.flatnonzero(seen)
                assert first <= lines.min(initial=first), (name, axis, position)
                assert last >= lines.max(initial=last), (name, axis, position)
                if first >= 0 and last < shape[axis] and lines.size:
                    full += (lines[0], lines[-1]) == (first, last)
            assert full or not tight, (name, axis)


def conv(g: Graph, x: str, inputs: int = 3, kernel: tuple[int, int] = (3, 3), **attributes: object) -> str:
    weights = np.random.default_rng(len(g.nodes)).uniform(0.5, 1, (3, inputs, *kernel))
    return g.op("Conv", x, g.constant(weights / weights[0].sum()), **attributes)


def test_vgg() -> None:
    weights = vgg_weights("vgg16", widths=(2, 2, 2, 2))
    model = positive(vgg.build(weights))
    del model.graph.output[:]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        for name in ("conv1_2", "conv2_1", "conv4_1", "conv4_3")
    )
    hold(model, (118, 121))


def test_squeezenet() -> None:
    """A strided stem without padding, overlapping pooling that rounds up, branches that see more or less."""
    model = positive(cut(squeezenet(), ["stem", "fire2", "fire3"]))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    hold(model, (37, 42))


def test_what_vgg_sees_is_what_is_known() -> None:
    """The receptive field of VGG-16's conv4_3 is 92 pixels, its stride 8."""
    fields = fields_of(vgg.build(vgg_weights("vgg16")))
    for reach in fields["conv4_3"]:
        assert (reach.stride, reach.last - reach.first + 1) == (8, 92)


def branches(g: Graph, x: str) -> str:
    wide = conv(g, x, kernel=(1, 5), pads=[0, 2, 0, 2])
    tall = conv(g, x, kernel=(7, 1), pads=[3, 0, 3, 0])
    return g.op("Concat", g.op("Add", wide, x), g.op("Relu", tall), axis=1)


def padded(
    pads: tuple[int, int, int, int], mode: str, *, axes: tuple[int, ...] = ()
) -> Callable[[Graph, str], str]:
    def make(g: Graph, x: str) -> str:
        top, left, bottom, right = pads
        if not axes:
            return conv(g, g.op("Pad", x, g.ints(0, 0, top, left, 0, 0, bottom, right), mode=mode))
        return conv(g, g.op("Pad", x, g.ints(*pads), "", g.ints(*axes), mode=mode))

    return make


NETWORKS: dict[str, Maker] = {
    "dilated": lambda g, x: conv(g, x, dilations=[2, 3], pads=[2, 3, 2, 3]),
    "dilated and strided": lambda g, x: conv(g, conv(g, x, strides=[2, 1]), dilations=[3, 2], strides=[1, 2]),
    "asymmetric": lambda g, x: conv(
        g, conv(g, x, kernel=(5, 3), strides=[2, 3], pads=[1, 0, 2, 3]), kernel=(2, 4), pads=[0, 3, 1, 0]
    ),
    "even kernel, SAME_UPPER": lambda g, x: conv(g, x, kernel=(2, 4), auto_pad="SAME_UPPER"),
    "even kernel, SAME_LOWER": lambda g, x: conv(g, x, kernel=(2, 4), auto_pad="SAME_LOWER"),
    "VALID": lambda g, x: conv(g, x, kernel=(3, 5), strides=[2, 1], auto_pad="VALID"),
    "pooling": lambda g, x: g.op(
        "MaxPool", conv(g, x), kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0], ceil_mode=1
    ),
    "average of several": lambda g, x: conv(
        g, g.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]), pads=[1] * 4
    ),
    "branches": branches,
    "normalised": lambda g, x: g.op(
        "BatchNormalization", conv(g, x), *(g.constant([0.5, 1, 2]) for _ in range(4))
    ),
    "Pad with zeros": padded((2, 0, 1, 3), "constant"),
    "Pad that crops": padded((-2, 0, 1, -3), "constant"),
}
LOOSE: dict[str, Maker] = {
    "Pad that repeats": padded((2, 0, 1, 3), "edge"),
    "Pad that repeats, at the end only": padded((0, 0, 4, 4), "edge"),
    "Pad that mirrors": padded((4, 0, 1, 3), "reflect"),
    "Pad that mirrors, at the beginning only": padded((4, 4, 0, 0), "reflect"),
    "Pad along axes": padded((4, 1, 0, 3), "reflect", axes=(2, 3)),
    "Pad along axes, counted from the end": padded((4, 1, 0, 3), "reflect", axes=(-1, -2)),
    "strided SAME_UPPER": lambda g, x: conv(g, x, kernel=(4, 3), strides=[2, 3], auto_pad="SAME_UPPER"),
    "strided SAME_LOWER": lambda g, x: g.op(
        "MaxPool", conv(g, x), kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_LOWER"
    ),
}
"""What sees further at the picture's border than elsewhere, or other pixels for other sizes."""


@pytest.mark.parametrize("shape", [(21, 26), (24, 19)])
@pytest.mark.parametrize("name", NETWORKS)
def test_small_networks(name: str, shape: tuple[int, int]) -> None:
    hold(network(NETWORKS[name]), shape)


@pytest.mark.parametrize("shape", [(21, 26), (24, 19), (23, 23)])
@pytest.mark.parametrize("name", LOOSE)
def test_networks_that_mind_the_border(name: str, shape: tuple[int, int]) -> None:
    hold(network(LOOSE[name]), shape, tight=False)


WHOLE: dict[str, Maker] = {
    "GlobalAveragePool": lambda g, x: g.op("Mul", x, g.op("GlobalAveragePool", x)),
    "ReduceMean": lambda g, x: g.op("Sub", x, g.op("ReduceMean", x, axes=[2, 3])),
    "InstanceNormalization": lambda g, x: g.op(
        "InstanceNormalization", x, g.constant([1, 1, 1]), g.constant([0, 0, 0])
    ),
    "Resize": lambda g, x: g.op("Resize", x, "", g.constant([1, 1, 2, 2])),
    "Transpose": lambda g, x: g.op("Transpose", x, perm=[0, 1, 3, 2]),
    "Concat": lambda g, x: g.op("Concat", x, x, axis=3),
    "Add": lambda g, x: g.op("Add", x, g.constant(np.ones((1, 3, 8, 8)))),  # knows where it is
    "Pad": padded((2, 2, 2, 2), "wrap"),
}


@pytest.mark.parametrize("operator", WHOLE)
def test_what_looks_at_the_whole_picture_is_named(operator: str) -> None:
    g = Graph()
    g.input("x", [1, 3, None, None])
    WHOLE[operator](g, "x")
    with pytest.raises(GraphError, match=rf"\b{operator}\b.*whole picture.*tiles") as caught:
        receptive_fields(g.nodes, "x", g.initializers)
    assert "memory" in caught.value.hint
