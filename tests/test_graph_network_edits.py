"""Edits of a network before differentiation: subgraphs, replaced pooling, strides."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import helper

from nst_onnx.graph import Graph
from nst_onnx.graph.passes.network_edits import cut, replace_pooling, strides


def run(g: Graph, name: str, x: np.ndarray) -> np.ndarray:
    model = g.model([name]).SerializeToString()
    (y,) = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x})
    return y


def picture(height: int, width: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, channels, height, width)).astype(np.float32)


def test_cut_removes_deeper_nodes() -> None:
    g = Graph()
    g.input("x", [1, 2, None, None])
    first = g.op("Conv", "x", g.constant(np.ones((2, 2, 1, 1))))
    g.output("deep", g.op("Conv", first, g.constant(np.ones((5, 2, 1, 1)))))
    part = cut(g.model(), [first])
    assert [node.output[0] for node in part.graph.node] == [first]
    assert [tuple(t.dims) for t in part.graph.initializer] == [(2, 2, 1, 1)]


@pytest.mark.parametrize("op_type", ["MaxPool", "AveragePool"])
def test_pooling_of_the_same_kind_is_unchanged(op_type: str) -> None:
    more = {"MaxPool": {"dilations": [2, 2]}, "AveragePool": {"count_include_pad": 1}}[op_type]
    node = helper.make_node(op_type, ["x"], ["y"], kernel_shape=[2, 2], strides=[1, 1], pads=[1] * 4, **more)
    own = {"MaxPool": "max", "AveragePool": "average"}[op_type]
    for kind in (None, own):
        (kept,) = replace_pooling([node], kind)
        assert {a.name: helper.get_attribute_value(a) for a in kept.attribute} == {
            a.name: helper.get_attribute_value(a) for a in node.attribute
        }


def test_average_pooling_averages_only_the_picture() -> None:
    """Also where the max pooling it stands for has padding, which its kind never counts."""
    g = Graph()
    g.input("x", [1, 2, None, None])
    written_out = {"storage_order": 0, "dilations": [1, 1]}  # defaults, as PyTorch writes them
    y = g.op("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4, **written_out)
    g.nodes = replace_pooling(g.nodes, "average")
    np.testing.assert_allclose(run(g, y, np.ones((1, 2, 5, 6), np.float32)), 1)


@pytest.mark.parametrize("size", [6, 7])
def test_same_rounds_sizes_up(size: int) -> None:
    g = Graph()
    g.input("x", [1, 2, None, None])
    y = g.op("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2])
    g.nodes = replace_pooling(g.nodes, "average", same=True)
    x = picture(size, size)
    padded = np.pad(x, [(0, 0), (0, 0), (0, size % 2), (0, size % 2)], constant_values=np.nan)
    half = -(-size // 2)
    expected = np.nanmean(padded.reshape(1, 2, half, 2, half, 2), axis=(3, 5))
    np.testing.assert_allclose(run(g, y, x), expected, rtol=1e-5, atol=1e-6)


def test_strides_are_cumulative() -> None:
    g = Graph()
    g.input("x", [1, 2, None, None])
    kernel = g.constant(np.ones((2, 2, 3, 3)))
    same = g.op("Relu", g.op("Conv", "x", kernel, pads=[1] * 4))
    half = g.op("MaxPool", same, kernel_shape=[2, 2], strides=[2, 2])
    sixth = g.op("Conv", half, kernel, strides=[3, 3], pads=[1] * 4)
    both = g.op("Concat", sixth, g.op("Conv", half, kernel, strides=[3, 3], pads=[1] * 4), axis=1)
    unrelated = g.op("Neg", kernel)
    found = strides(g.nodes, "x")
    assert [found[name] for name in ("x", same, half, sixth, both)] == [1, 1, 2, 6, 6]
    assert unrelated not in found
