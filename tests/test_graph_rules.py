"""Every gradient rule against finite differences in float64, computed by onnx's own reference evaluator."""

import math

import numpy as np
import onnx
import pytest
import support.rule_makers_foreign  # noqa: F401  (adds to MAKERS)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from support.graph_values import picture, run
from support.rule_makers import MAKERS, Tensor, conv_kernel

from nst_onnx.errors import GraphError
from nst_onnx.graph import Graph, gradient
from nst_onnx.graph.rules import JOINED_RULES, RULES, quantisation

TOLERANCE = 1e-5


# ---- evaluating


def in_float64(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with every float32 made float64."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    for value in wide.graph.input:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    for value in wide.graph.output:
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    for tensor in wide.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            array = numpy_helper.to_array(tensor).astype(np.float64)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    for node in wide.graph.node:
        for attribute in node.attribute:
            if attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
    return wide


def check(graph: Graph, result: str, x: np.ndarray, seed: int = 0) -> int:
    """Hold the gradient of a fixed random weighting of `result` against central differences.

    Returns along how many directions it was held: none where each crosses a kink.
    """
    rng = np.random.default_rng(seed)
    (y,) = run(graph.model([result]), x)
    weights = rng.standard_normal(y.shape).astype(np.float32)
    loss = graph.op("ReduceSum", graph.op("Mul", result, graph.constant(weights)), keepdims=0)
    forward = ReferenceEvaluator(in_float64(graph.model([loss])))
    slope = gradient(graph, loss, "x")
    (g,) = run(graph.model([slope]), x)
    assert g.shape == x.shape
    assert g.dtype == np.float32
    wide = x.astype(np.float64)
    held = 0
    for _ in range(3):
        v = rng.standard_normal(x.shape)
        # Two step widths: a kink (ReLU, max) inside the wider one shows as their disagreement.
        estimates = [
            (forward.run(None, {"x": wide + e * v})[0] - forward.run(None, {"x": wide - e * v})[0]) / (2 * e)
            for e in (1e-6, 4e-6)
        ]
        scale = np.linalg.norm(g) * np.linalg.norm(v) + np.abs(estimates[0]) + 1e-3
        if abs(estimates[0] - estimates[1]) > 1e-6 * scale:
            continue
        assert abs(np.vdot(g.astype(np.float64), v) - estimates[0]) <= TOLERANCE * scale
        held += 1
    return held


# The same examples every time: once in many hundreds float32 rounds away what the tolerance asks for.
SETTINGS = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SHAPES = st.tuples(st.just(1), st.sampled_from([2, 4]), st.integers(3, 8), st.integers(3, 8))


IN_FLOAT32 = {"Erf"}  # the reference evaluator computes it no better: held against its closed form below


# tests/test_graph_rules_foreign.py holds these by other means.
ELSEWHERE = set(quantisation.OPERATORS) | {"Gelu", "GroupNormalization", "LRN", "Mish", "Swish"}
HELD = (set(RULES) | set(JOINED_RULES)) - IN_FLOAT32 - ELSEWHERE


def test_every_rule_is_made() -> None:
    assert set(MAKERS) >= HELD


@pytest.mark.parametrize("op_type", sorted(HELD))
@settings(SETTINGS, max_examples=12)
@given(data=st.data(), seed=st.integers(0, 2**16), shape=SHAPES)
def test_rule(op_type: str, data: st.DataObject, seed: int, shape: tuple[int, int, int, int]) -> None:
    g, rng = Graph(), np.random.default_rng(seed)
    x = Tensor(g.input("x", [1, shape[1], None, None]), shape)
    y = data.draw(st.sampled_from(MAKERS[op_type]))(g, x, data, rng)
    assume(check(g, y.name, picture(seed, shape), seed))


@settings(SETTINGS, max_examples=40)
@given(data=st.data(), seed=st.integers(0, 2**16), shape=SHAPES)
def test_convolution_by_kernel_and_bias(
    data: st.DataObject, seed: int, shape: tuple[int, int, int, int]
) -> None:
    g = Graph()
    x = Tensor(g.input("x", [1, shape[1], None, None]), shape)
    y = conv_kernel(g, x, data, np.random.default_rng(seed))
    assume(check(g, y.name, picture(seed, shape), seed))


@settings(SETTINGS, max_examples=60)
@given(data=st.data(), seed=st.integers(0, 2**16), shape=SHAPES, length=st.integers(2, 6))
def test_random_graph(data: st.DataObject, seed: int, shape: tuple[int, int, int, int], length: int) -> None:
    """Chains with branches: every new tensor may be fed by any earlier one, and all enter the result."""
    g, rng = Graph(), np.random.default_rng(seed)
    tensors = [Tensor(g.input("x", [1, shape[1], None, None]), shape)]
    every = sorted(
        {id(m): m for ms in MAKERS.values() for m in ms}.values(),
        key=lambda m: (m.__name__, repr(m.__closure__ is None)),
    )
    for _ in range(length):
        x = data.draw(st.sampled_from(tensors[-2:]))
        if min(x.shape) < 1 or min(x.shape[2:]) < 3 or math.prod(x.shape) > 3000:
            continue
        tensors.append(data.draw(st.sampled_from(every))(g, x, data, rng))
    x, names = picture(seed, shape), [t.name for t in tensors[-3:]]
    sizes = [np.abs(values).mean() + 1e-3 for values in run(g.model(names), x)]
    ends = [  # brought to one size, so that no branch drowns the others
        g.op("ReduceMean", g.op("Div", name, g.constant(size)), axes=[0, 1, 2, 3], keepdims=1)
        for name, size in zip(names, sizes, strict=True)
    ]
    assume(check(g, g.op("Concat", *ends, axis=1), x, seed))


# ---- what the random graphs do not reach


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "ceil"), [(2, 2, 1, 0), (2, 2, 1, 1), (3, 2, 1, 1), (2, 1, 2, 0)]
)
def test_max_pooling_shares_among_ties(kernel: int, stride: int, dilation: int, ceil: int) -> None:
    """On a flat picture every position of a window ties: each gets an equal share of what arrives."""
    g = Graph()
    g.input("x", [1, 2, None, None])
    geometry = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "dilations": [dilation] * 2}
    y = g.op("MaxPool", "x", ceil_mode=ceil, **geometry)
    slope = gradient(g, g.op("ReduceSum", y, keepdims=0), "x")
    values, dx = run(g.model([y, slope]), np.zeros((1, 2, 7, 9), np.float32))
    expected = np.zeros((7, 9))
    for i in range(values.shape[2]):
        for j in range(values.shape[3]):
            rows = [r for r in range(i * stride, i * stride + dilation * kernel, dilation) if r < 7]
            columns = [c for c in range(j * stride, j * stride + dilation * kernel, dilation) if c < 9]
            expected[np.ix_(rows, columns)] += 1 / (len(rows) * len(columns))
    np.testing.assert_allclose(dx, np.broadcast_to(expected, dx.shape), rtol=1e-6)


@pytest.mark.parametrize(
    ("op_type", "more"),
    [("MaxPool", {}), ("AveragePool", {}), ("AveragePool", {"count_include_pad": 1})],
)
@pytest.mark.parametrize("pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 1), (2, 2), (3, 2), (3, 3)])
def test_pooling_with_automatic_padding(
    op_type: str, more: dict[str, int], pad: str, kernel: int, stride: int
) -> None:
    """Automatic padding is the explicit padding that it works out to (whose rule is checked above)."""
    shape = (1, 2, 7, 8)
    totals = [0] * 2
    if pad != "VALID":
        totals = [max(0, (-(-n // stride) - 1) * stride + kernel - n) for n in shape[2:]]
    small, large = [t // 2 for t in totals], [t - t // 2 for t in totals]
    explicit = small + large if pad == "SAME_UPPER" else large + small
    found = []
    for padding in ({"auto_pad": pad}, {"pads": explicit}):
        g = Graph()
        g.input("x", [1, 2, None, None])
        y = g.op(op_type, "x", kernel_shape=[kernel] * 2, strides=[stride] * 2, **padding, **more)
        loss = g.op("ReduceSumSquare", y, keepdims=0)
        found.append(run(g.model([y, gradient(g, loss, "x")]), picture(3, shape)))
    for automatic, by_hand in zip(*found, strict=True):
        np.testing.assert_allclose(automatic, by_hand, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("mode", ["reflect", "edge", "constant"])
def test_pad_with_axes_given(mode: str) -> None:
    g = Graph(18)
    g.input("x", [1, 2, None, None])
    y = g.op("Pad", "x", g.ints(2, 1, 0, 3), "", g.ints(3, 2), mode=mode)
    assert check(g, y, picture(4, (1, 2, 6, 5)))


@pytest.mark.parametrize(
    ("op_type", "more", "outside"),
    [("MaxPool", {}, np.finfo(np.float32).min), ("AveragePool", {"count_include_pad": 1}, 0.0)],
)
@pytest.mark.parametrize("pads", [[0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 2, 1]])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (3, 3)])
def test_padded_pooling_is_pooling_of_the_padded(
    op_type: str, more: dict[str, int], outside: float, pads: list[int], kernel: int, stride: int
) -> None:
    windows = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2}
    found = []
    for inside in (True, False):
        g = Graph()
        g.input("x", [1, 2, None, None])
        if inside:
            y = g.op(op_type, "x", pads=pads, **windows, **more)
        else:
            padded = g.op("Pad", "x", g.ints(0, 0, *pads[:2], 0, 0, *pads[2:]), g.constant(outside))
            y = g.op(op_type, padded, **windows)
        loss = g.op("ReduceSumSquare", y, keepdims=0)
        found.append(run(g.model([y, gradient(g, loss, "x")]), picture(3, (1, 2, 7, 8))))
    for ours, by_hand in zip(*found, strict=True):
        np.testing.assert_allclose(ours, by_hand, rtol=1e-5, atol=1e-6)


def test_dilated_pooling_with_automatic_padding_is_refused() -> None:
    g = Graph()
    g.input("x", [1, 2, None, None])
    y = g.op("MaxPool", "x", kernel_shape=[2, 2], dilations=[2, 2], auto_pad="SAME_UPPER")
    with pytest.raises(GraphError, match="explicit"):
        gradient(g, g.op("ReduceSum", y, keepdims=0), "x")


@pytest.mark.parametrize("axes", [[3, 1], [-1, -3], None])
def test_slice_whose_optional_inputs_are_left_out(axes: list[int] | None) -> None:
    g = Graph()
    g.input("x", [1, 4, None, None])
    starts, ends = ([1, -3], [100, -1]) if axes else ([0, 1, 1, 2], [1, 3, 100, -1])
    steps = [1] * len(starts)
    y = g.op("Slice", "x", g.ints(*starts), g.ints(*ends), g.ints(*axes) if axes else "", g.ints(*steps))
    assert check(g, y, picture(5, (1, 4, 5, 6)))


@pytest.mark.parametrize("sign", [1, -1])
def test_slice_from_a_start_that_the_graph_computes(sign: int) -> None:
    """As PyTorch exports the second half of the channels."""
    g = Graph()
    g.input("x", [1, 4, None, None])
    half = g.op("Div", g.op("Shape", "x", start=1, end=3), g.ints(2 * sign, 3 * sign))
    y = g.op("Slice", "x", half, g.ints(9, 9), g.ints(1, 2))
    assert check(g, y, picture(5, (1, 4, 6, 5)))


@pytest.mark.parametrize("part", ["axes", "steps"])
def test_slice_known_only_at_run_time_is_refused(part: str) -> None:
    g = Graph()
    g.input("x", [1, 2, None, None])
    late = g.op("Shape", g.op("NonZero", "x"), end=1)
    axes, steps = (late if part == name else g.ints(1) for name in ("axes", "steps"))
    y = g.op("Slice", "x", g.ints(1), g.ints(9), axes, steps)
    with pytest.raises(GraphError, match="Slice"):
        gradient(g, g.op("ReduceSum", y, keepdims=0), "x")


@pytest.mark.parametrize("op_type", ["ReduceSum", "ReduceMean", "ReduceSumSquare"])
@pytest.mark.parametrize("axes", [[], [-2, 1], [0, 1, 2, 3]])
@pytest.mark.parametrize("keep", [0, 1])
def test_reduction_with_axes_as_input(op_type: str, axes: list[int], keep: int) -> None:
    g = Graph(18)
    g.input("x", [1, 2, None, None])
    y = g.op(op_type, "x", *([g.ints(*axes)] if axes else []), keepdims=keep)
    assert check(g, y, picture(6, (1, 2, 4, 5)))


@pytest.mark.parametrize("op_type", ["ReduceSum", "ReduceMean"])
def test_reduction_without_axes_that_does_nothing(op_type: str) -> None:
    g = Graph(18)
    g.input("x", [1, 2, None, None])
    assert check(g, g.op(op_type, "x", keepdims=0, noop_with_empty_axes=1), picture(6, (1, 2, 4, 5)))


def test_reduction_whose_axes_are_known_only_at_run_time_is_refused() -> None:
    g = Graph()
    g.input("x", [1, 2, None, None])
    late = g.op("Shape", g.op("NonZero", "x"), end=1)
    with pytest.raises(GraphError, match="fixed axes"):
        gradient(g, g.op("ReduceSum", "x", late, keepdims=0), "x")


def test_the_second_output_of_an_operator_is_not_skipped() -> None:
    """A path through it would be missing from the gradient, with nothing said."""
    g = Graph()
    g.input("x", [1, 2, 4, 4])
    g.nodes.append(helper.make_node("LayerNormalization", ["x", g.constant(np.ones(4))], ["y", "mean"]))
    ends = [g.op("ReduceSum", name, keepdims=0) for name in ("y", "mean")]
    with pytest.raises(GraphError, match="LayerNormalization"):
        gradient(g, g.op("Add", *ends), "x")


def test_no_gradient_flows_through_whole_numbers() -> None:
    g = Graph()
    g.input("x", [1, 2, None, None])
    whole = g.op("Cast", g.op("Cast", "x", to=TensorProto.INT64), to=TensorProto.FLOAT)
    slope = gradient(g, g.op("ReduceSum", g.op("Mul", whole, "x"), keepdims=0), "x")
    x = 3 * picture(7, (1, 2, 3, 3))
    np.testing.assert_array_equal(run(g.model([slope]), x)[0], np.trunc(x))


def test_gradient_of_square_is_exact() -> None:
    g = Graph()
    g.input("x", [1, 1, None, None])
    slope = gradient(g, g.op("ReduceSumSquare", "x", keepdims=0), "x")
    x = picture(0, (1, 1, 3, 3))
    np.testing.assert_array_equal(run(g.model([slope]), x)[0], 2 * x)


@pytest.mark.parametrize("turned", [False, True])
def test_gradient_of_a_gram_matrix_is_one_product(turned: bool) -> None:
    g = Graph()
    x = g.input("x", [3, 5])
    gram = g.op("Gemm", x, x, transA=int(turned), transB=1 - turned)
    gradient(g, g.op("ReduceSumSquare", gram, keepdims=0), x)
    assert sum(node.op_type == "Gemm" for node in g.nodes) == 2


def test_the_deepest_gradient_is_the_first_input_of_the_sum() -> None:
    g = Graph()
    x = g.input("x", [3])
    onwards = g.op("Neg", x)
    near = g.op("ReduceSum", g.op("Exp", x), keepdims=0)
    deep = g.op("ReduceSum", onwards, keepdims=0)
    gradient(g, g.op("Add", deep, near), x)
    total = next(node for node in reversed(g.nodes) if node.op_type == "Sum")
    makers = {node.output[0]: node.op_type for node in g.nodes}
    assert [makers[name] for name in total.input] == ["Neg", "Mul"]


def test_erf() -> None:
    g = Graph()
    g.input("x", [1, 1, None, None])
    slope = gradient(g, g.op("ReduceSum", g.op("Erf", "x"), keepdims=0), "x")
    x = picture(0, (1, 1, 3, 3))
    expected = 2 / math.sqrt(math.pi) * np.exp(-(x.astype(np.float64) ** 2))
    np.testing.assert_allclose(run(g.model([slope]), x)[0], expected, rtol=1e-5)


def test_operator_without_rule_is_named() -> None:
    g = Graph()
    g.input("x", [1, 1, None, None])
    loss = g.op("ReduceSum", g.op("Cos", "x"), keepdims=0)
    with pytest.raises(GraphError, match="Cos"):
        gradient(g, loss, "x")


def test_operator_off_the_path_needs_no_rule() -> None:
    g = Graph()
    g.input("x", [1, 1, None, None])
    fixed = g.op("Cos", g.constant(0.5))
    slope = gradient(g, g.op("ReduceSum", g.op("Mul", "x", fixed), keepdims=0), "x")
    (dx,) = run(g.model([slope]), picture(0, (1, 1, 2, 2)))
    np.testing.assert_allclose(dx, math.cos(0.5), rtol=1e-6)


def test_independent_tensors_are_an_error() -> None:
    g = Graph()
    g.input("x", [1, 1, None, None])
    loss = g.op("ReduceSum", g.constant(np.ones(3)), keepdims=0)
    with pytest.raises(GraphError, match="does not depend"):
        gradient(g, loss, "x")


def test_batch_normalization_in_training_mode_is_refused() -> None:
    g = Graph()
    g.input("x", [1, 2, None, None])
    ones = g.constant(np.ones(2))
    y = g.fresh("y")
    node = helper.make_node(
        "BatchNormalization", ["x", ones, ones, ones, ones], [y, "m", "v"], training_mode=1
    )
    g.nodes.append(node)
    with pytest.raises(GraphError, match="training"):
        gradient(g, g.op("ReduceSum", y, keepdims=0), "x")
