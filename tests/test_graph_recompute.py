"""Recomputation: a cheap tensor is computed a second time for the gradient."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from support.networks import network_of, vgg_weights

from nst_onnx.graph import Graph, gradient
from nst_onnx.graph.passes.recompute import recompute
from nst_onnx.models import vgg
from nst_onnx.objective.graphs import objective_model
from nst_onnx.objective.losses import content, style, total_variation
from nst_onnx.objective.losses.loss import Loss
from nst_onnx.objective.terms import Term, Terms

X = np.random.default_rng(1).standard_normal((1, 3, 8, 8)).astype(np.float32)


def network(*, style_on_top: bool = True, gated: bool = False) -> tuple[Graph, str, int, str]:
    """Return a graph with its gradient: its first ReLU, where the gradient begins, its name."""
    g, rng = Graph(), np.random.default_rng(0)
    x = g.input("x", [1, 3, 8, 8])
    kernels = [g.constant(rng.standard_normal(shape)) for shape in ((4, 3, 3, 3), (4, 4, 3, 3))]
    first = g.op("Relu", g.op("Conv", x, kernels[0], pads=[1] * 4))
    deep = g.op("Relu", g.op("Conv", first, kernels[1], pads=[1] * 4))
    if gated:
        deep = g.op("Mul", deep, first)
    losses = [g.op("ReduceSumSquare", deep, keepdims=0)]
    if style_on_top:
        losses.append(g.op("ReduceSumSquare", style.gram_by_channels(g, first), keepdims=0))
    total = g.op("Sum", *losses)
    since = len(g.nodes)
    return g, first, since, gradient(g, total, x)


def computed(g: Graph, slope: str) -> np.ndarray:
    session = ort.InferenceSession(g.model([slope]).SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": X})[0]


@pytest.mark.parametrize("style_on_top", [False, True])
def test_the_gradient_is_the_same(style_on_top: bool) -> None:
    g, first, since, slope = network(style_on_top=style_on_top)
    wanted = computed(g, slope)
    assert recompute(g, first, "x", since)
    np.testing.assert_array_equal(computed(g, slope), wanted)


def test_the_gradient_reads_the_recomputed_tensor_only() -> None:
    g, first, since, _ = network()
    forwards = {name for node in g.nodes[:since] for name in node.output}
    matrix = next(node.output[0] for node in g.nodes if node.op_type == "Flatten")
    recompute(g, first, "x", since)
    gradients = [node for node in g.nodes if not forwards & set(node.output)]
    readers = [node for node in gradients if {first, matrix} & set(node.input)]
    assert {node.op_type for node in readers} <= {"Shape"}


def test_the_recomputation_depends_on_the_incoming_gradient() -> None:
    """Every node of the copy depends on a convolution of the gradient."""
    g, first, since, _ = network()
    before = {name for node in g.nodes for name in node.output}
    recompute(g, first, "x", since)
    producers = {node.output[0]: node for node in g.nodes}
    copies = [
        node
        for node in g.nodes
        if node.op_type in ("Conv", "Relu", "Flatten") and node.output[0] not in before
    ]
    assert [node.op_type for node in copies] == ["Conv", "Relu", "Flatten"]
    place = {node.output[0]: i for i, node in enumerate(g.nodes)}
    assert all(
        place[name] < place[node.output[0]] for node in g.nodes for name in node.input if name in place
    )
    source = producers[copies[0].input[0]]
    number = producers[producers[source.input[1]].input[0]]
    assert (source.op_type, number.op_type, producers[number.input[0]].op_type) == ("Add", "Slice", "Conv")


def test_a_gradient_that_depends_on_the_tensor_itself_is_unchanged() -> None:
    g, first, since, _ = network(style_on_top=False, gated=True)
    nodes = list(g.nodes)
    assert not recompute(g, first, "x", since)
    assert g.nodes == nodes


def test_without_a_relu_nothing_changes() -> None:
    g = Graph()
    x = g.input("x", [1, 3, 8, 8])
    first = g.op("Sigmoid", x)
    total = g.op("ReduceSumSquare", first, keepdims=0)
    since = len(g.nodes)
    gradient(g, total, x)
    nodes = list(g.nodes)
    assert not recompute(g, first, "x", since)
    assert g.nodes == nodes


def grams(*layers: str) -> list[Term[Loss]]:
    return [Term(style.LOSS, layer) for layer in layers]


def test_an_objective_recomputes_its_first_layer(tmp_path: Path) -> None:
    extractor = network_of(vgg.build(vgg_weights()), tmp_path).extractor
    terms = Terms((Term(content.LOSS, "conv2_2"), *grams("conv1_1", "conv2_1")))
    nodes = objective_model(extractor, terms).graph.node
    kernels = [node.input[1] for node in nodes if node.op_type == "Conv"]
    first = next(node for node in nodes if node.op_type == "Conv" and node.output[0].startswith("conv1_1"))
    assert kernels.count(first.input[1]) == 2


@pytest.mark.parametrize("first_to_last", [False, True])
@pytest.mark.parametrize("margin", [0, 4])
def test_the_shallowest_loss_is_computed_first(margin: int, first_to_last: bool, tmp_path: Path) -> None:
    extractor = network_of(vgg.build(vgg_weights()), tmp_path).extractor
    terms = Terms((Term(content.LOSS, "conv2_2"), *grams("conv2_1", "conv1_1", "conv1_2")), margin=margin)
    nodes = objective_model(extractor, terms, first_to_last=first_to_last).graph.node
    producers = {node.output[0]: node for node in nodes}
    column = next(node for node in nodes if node.op_type == "Concat" and len(node.input) == len(terms.names))
    squares = (producers[producers[name].input[0]] for name in column.input)
    targets = [producers[node.input[0]].input[1] for node in squares]
    wanted = [
        f"target/{name}" for name in ("style/conv1_1", "style/conv1_2", "style/conv2_1", "content/conv2_2")
    ]
    assert targets == (wanted if first_to_last else wanted[::-1])


def test_losses_keep_their_order_whatever_the_order_of_evaluation(tmp_path: Path) -> None:
    extractor = network_of(vgg.build(vgg_weights()), tmp_path).extractor
    maps = (Term(content.LOSS, "conv2_2"), Term(content.LOSS, "conv1_2"))
    terms = Terms((*maps, *grams("conv2_1", "conv1_1"), Term(total_variation.SQUARED)))
    rng, sides = np.random.default_rng(0), {"1": (6, 16), "2": (8, 8)}
    feeds = {"picture": rng.random((1, 3, 16, 16), np.float32)}
    for name in terms.names[:-1]:
        channels, side = sides[name[-3]]
        shape = (1, channels, side, side) if name.startswith("content") else (channels, channels)
        feeds[f"target/{name}"] = rng.random(shape, np.float32)

    def losses(some: Terms) -> np.ndarray:
        model = objective_model(extractor, some).SerializeToString()
        session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
        asked = {i.name for i in session.get_inputs()}
        given = feeds | {"coefficients": np.ones(len(some.names), np.float32)}
        return session.run(["losses"], {name: value for name, value in given.items() if name in asked})[0]

    *layers, _ = terms.names
    alone = np.concatenate(
        [*(losses(terms.of([name])) for name in layers), losses(terms.of(["content/conv2_2", "tv"]))[1:]]
    )
    assert len(set(alone.tolist())) == len(terms.names)
    np.testing.assert_allclose(losses(terms), alone, rtol=1e-5)
