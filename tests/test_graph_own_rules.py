"""Tensors with a gradient rule of their own, such as the weighted Gram matrix."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest

from nst_onnx.graph import Graph, gradient
from nst_onnx.objective.losses import second_moments, style
from nst_onnx.objective.losses.loss import LayerFeatures

SHAPE = (1, 5, 6, 7)


def computed(g: Graph, *outputs: str, **feeds: np.ndarray) -> list[np.ndarray]:
    model = g.model(outputs)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[np.ndarray] = session.run(None, {i.name: feeds[i.name] for i in session.get_inputs()})
    return found


def test_the_rule_takes_the_place_of_the_nodes() -> None:
    g = Graph()
    x = g.input("x", [3])
    y = g.with_rule(g.op("Mul", x, x), x, lambda g, dy: g.op("Mul", dy, g.constant(5.0)))
    total = g.op("ReduceSum", g.op("Add", y, x), keepdims=0)
    (found,) = computed(g, gradient(g, total, x), x=np.array([1.0, 2, 3], np.float32))
    np.testing.assert_array_equal(found, [6, 6, 6])


def test_what_the_tensor_does_not_depend_on_has_no_gradient_by_it() -> None:
    g = Graph()
    x, other = g.input("x", [3]), g.input("other", [3])
    y = g.with_rule(g.op("Mul", other, other), other, lambda g, dy: g.op("Neg", dy))
    total = g.op("ReduceSum", g.op("Mul", y, x), keepdims=0)
    feeds = {"x": np.ones(3, np.float32), "other": np.array([1, 2, 3], np.float32)}
    (found,) = computed(g, gradient(g, total, x), **feeds)
    np.testing.assert_array_equal(found, [1, 4, 9])


def test_many_gradients_of_one_tensor_are_added() -> None:
    g = Graph()
    x = g.input("x", [3])
    parts = [g.op("Mul", x, g.constant(float(10**n))) for n in range(5)]
    total = g.op("ReduceSum", g.op("Sum", *parts), keepdims=0)
    (found,) = computed(g, gradient(g, total, x), x=np.zeros(3, np.float32))
    np.testing.assert_array_equal(found, [11111] * 3)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("statistic", [style.gram, second_moments.position_sum])
def test_a_weighted_statistic_has_the_gradient_of_its_nodes(
    statistic: Callable[[Graph, LayerFeatures], str], channels_last: bool
) -> None:
    rng = np.random.default_rng(0)
    feeds = {
        "x": rng.standard_normal(SHAPE).astype(np.float32),
        "root": rng.random((1, 1, *SHAPE[2:])).astype(np.float32),
    }
    found = []
    for own in (True, False):
        g = Graph()
        x, root = g.input("x", SHAPE), g.input("root", [1, 1, *SHAPE[2:]])
        value = statistic(g, LayerFeatures.of(g, x, root, channels_last=channels_last))
        if not own:
            g.own_rules.clear()
        target = g.constant(np.arange(5.0)[None])  # not the same for rows and columns
        distance = g.op("ReduceSumSquare", g.op("Sub", value, target), keepdims=0)
        g.infer_shapes()
        found.append(computed(g, gradient(g, distance, x), **feeds)[0])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-4 * np.abs(found[1]).max())
