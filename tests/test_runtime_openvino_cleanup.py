"""What is taken out of a graph before OpenVINO compiles it."""

import io

import numpy as np
import pytest

from nst_onnx.graph import Graph
from nst_onnx.objective.losses import style
from nst_onnx.objective.losses.loss import LayerFeatures
from nst_onnx.runtime.openvino.cleanup import remove_identities

openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")

X = np.random.default_rng(0).standard_normal((1, 3, 4, 6)).astype(np.float32)


def results(g: Graph, *, tidied: bool) -> tuple[list[str], list[np.ndarray]]:
    """Return the kinds of operators that OpenVINO is given, and what it computes."""
    core = openvino.Core()
    model = core.read_model(io.BytesIO(g.model().SerializeToString()))
    model.reshape({"x": list(X.shape)})
    if tidied:
        remove_identities(model)
    kinds = [node.get_type_name() for node in model.get_ordered_ops()]
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return kinds, [value.copy() for value in compiled([X]).values()]


def same(g: Graph) -> list[str]:
    """Check that tidying changes no result; return the operators that are left."""
    (_, before), (kinds, after) = (results(g, tidied=tidied) for tidied in (False, True))
    for wanted, found in zip(before, after, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    return kinds


@pytest.mark.parametrize(("divisor", "left"), [(2, 0), (4, 1)])
def test_borders_of_no_width_go(divisor: int, left: int) -> None:
    """How wide they are comes from the shape, as in gradients of pooling: 6 is no multiple of 4."""
    g = Graph()
    x = g.input("x", [1, 3, None, None])
    width = g.op("Mod", g.op("Shape", x, start=3), g.ints(divisor))
    g.output(
        "padded", g.op("Pad", g.op("Neg", x), g.op("Concat", g.ints(0, 0, 0, 0, 0, 0, 0), width, axis=0))
    )
    assert same(g).count("Pad") == left


def test_a_shift_stays() -> None:
    g = Graph()
    x = g.input("x", [1, 3, None, None])
    g.output("moved", g.op("Pad", x, g.ints(0, 0, 0, 1, 0, 0, 0, -1)))
    assert same(g).count("Pad") == 1


def test_a_product_is_neither_multiplied_by_one_nor_added_to_zero() -> None:
    g = Graph()
    x = g.op("Reshape", g.input("x", [1, 3, None, None]), g.ints(3, -1))
    g.output("product", g.op("Gemm", g.constant(np.ones((2, 3))), x))
    kinds = same(g)
    assert "MatMul" in kinds
    assert not {"Multiply", "Add"} & set(kinds)


def test_other_sums_and_factors_stay() -> None:
    g = Graph()
    x = g.input("x", [1, 3, None, None])
    g.output("more", g.op("Add", g.op("Mul", x, g.constant([[[[1.0]], [[2.0]], [[1.0]]]])), g.constant(0.5)))
    g.output("wider", g.op("Add", x, g.constant(np.zeros((5, 1, 1, 1)))))
    kinds = same(g)
    assert (kinds.count("Multiply"), kinds.count("Add")) == (1, 2)


def test_lengths_known_only_at_run_time_are_left_alone() -> None:
    g = Graph()
    places = g.op("Cast", g.op("NonZero", g.op("Reshape", g.input("x", [1, 3, 4, 6]), g.ints(-1))), to=1)
    g.output("sum", g.op("Add", g.op("Reshape", places, g.ints(-1)), g.constant(np.zeros(72))))
    same(g)


@pytest.mark.parametrize("channels_last", [True, False])
def test_what_scales_a_gram_matrix_does_not_come_next(channels_last: bool) -> None:
    """OpenVINO would scale the features instead, which are many more."""
    g = Graph()
    x = g.input("x", [1, 3, None, None])
    features = LayerFeatures.of(g, g.op("Exp", x), channels_last=channels_last)
    g.output("mean", style.LOSS.compared(g, features))
    model = openvino.Core().read_model(io.BytesIO(g.model().SerializeToString()))
    model.reshape({"x": list(X.shape)})
    remove_identities(model)
    product = next(node for node in model.get_ordered_ops() if node.get_type_name() == "MatMul")
    (use,) = product.output(0).get_target_inputs()
    assert use.get_node().get_type_name() == "Transpose"
    same(g)
