"""Gradient rules that onnx's reference evaluator cannot hold, since it computes another function, or none."""

import math

import numpy as np
import pytest
from onnx import helper
from support.graph_values import picture, run

from nst_onnx.errors import GraphError
from nst_onnx.graph import Graph, gradient


def slopes(g: Graph, y: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return y and the gradient of half the sum of its squares, computed by onnxruntime."""
    slope = gradient(g, g.op("ReduceSumSquare", y, keepdims=0), "x")
    value, twice = run(g.model([y, slope]), x)
    return value, twice / 2


def held(function, x: np.ndarray, value: np.ndarray, slope: np.ndarray) -> None:
    """Hold value and gradient against a function in float64 and its central differences."""
    wide, rng = x.astype(np.float64), np.random.default_rng(1)
    np.testing.assert_allclose(value, function(wide), rtol=1e-5, atol=1e-5)
    for _ in range(5):
        v, e = rng.standard_normal(x.shape), 1e-5
        ends = [0.5 * (function(wide + s * v) ** 2).sum() for s in (e, -e)]
        expected = (ends[0] - ends[1]) / (2 * e)
        assert float((slope * v).sum()) == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize("beta", [0.5, 0.75])
def test_local_response_normalisation(size: int, beta: float) -> None:
    def function(x):
        squares = np.pad(x**2, ((0, 0), (size // 2, size // 2), (0, 0), (0, 0)))
        total = sum(squares[:, i : i + x.shape[1]] for i in range(size))
        return x / (1.5 + 0.9 / size * total) ** beta

    g = Graph()
    g.input("x", [1, 6, None, None])
    y = g.op("LRN", "x", size=size, alpha=0.9, beta=beta, bias=1.5)
    x = 2 * picture(0, (1, 6, 3, 4))
    held(function, x, *slopes(g, y, x))


@pytest.mark.parametrize(("opset", "groups"), [(18, 2), (21, 2), (21, 1), (21, 4)])
def test_group_normalisation(opset: int, groups: int) -> None:
    """With scales per group, as in opset 18, or per channel, as since opset 21."""
    channels = 4
    scale, shift = np.random.default_rng(2).uniform(0.5, 2, (2, channels if opset == 21 else groups))
    wide_scale, wide_shift = (np.repeat(n, channels // n.size).reshape(-1, 1, 1) for n in (scale, shift))

    def function(x):
        grouped = x.reshape(1, groups, -1)
        deviation = np.sqrt(grouped.var(2, keepdims=True) + 0.1)
        normal = ((grouped - grouped.mean(2, keepdims=True)) / deviation).reshape(x.shape)
        return normal * wide_scale + wide_shift

    g = Graph(opset)
    g.input("x", [1, channels, None, None])
    numbers = [g.constant(scale), g.constant(shift)]
    y = g.op("GroupNormalization", "x", *numbers, num_groups=groups, epsilon=0.1)
    x = picture(0, (1, channels, 3, 5))
    held(function, x, *slopes(g, y, x))


def test_mish() -> None:
    g = Graph(18)
    g.input("x", [1, 1, None, None])
    x = 2 * picture(0, (1, 1, 4, 5))
    held(lambda x: x * np.tanh(np.log1p(np.exp(x))), x, *slopes(g, g.op("Mish", "x"), x))


@pytest.mark.parametrize("alpha", [1.0, 1.702])
def test_swish(alpha: float) -> None:
    g = Graph(24)
    g.ir_version = 10
    g.input("x", [1, 1, None, None])
    x = 2 * picture(0, (1, 1, 4, 5))
    held(lambda x: x / (1 + np.exp(-alpha * x)), x, *slopes(g, g.op("Swish", "x", alpha=alpha), x))


@pytest.mark.parametrize("op_type", ["ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2"])
@pytest.mark.parametrize("axes", [[], [-2, 1], [0, 1, 2, 3]])
@pytest.mark.parametrize("keep", [0, 1])
def test_reductions_with_axes_as_input(op_type: str, axes: list[int], keep: int) -> None:
    function = {
        "ReduceMax": np.max,
        "ReduceMin": np.min,
        "ReduceL1": lambda x, **how: np.abs(x).sum(**how),
        "ReduceL2": lambda x, **how: np.sqrt((x**2).sum(**how)),
    }[op_type]
    g = Graph(18)
    g.input("x", [1, 2, None, None])
    y = g.op(op_type, "x", *([g.ints(*axes)] if axes else []), keepdims=keep)
    x = picture(6, (1, 2, 4, 5))
    held(lambda x: function(x, axis=tuple(axes) or None, keepdims=bool(keep)), x, *slopes(g, y, x))


@pytest.mark.parametrize("op_type", ["ReduceMax", "ReduceMin"])
def test_extremes_without_axes_that_do_nothing(op_type: str) -> None:
    g = Graph(18)
    g.input("x", [1, 2, None, None])
    x = picture(6, (1, 2, 4, 5))
    value, slope = slopes(g, g.op(op_type, "x", keepdims=0, noop_with_empty_axes=1), x)
    np.testing.assert_array_equal(value, x)
    np.testing.assert_allclose(slope, x, rtol=1e-6)


def test_ties_share_the_gradient_equally() -> None:
    x = np.float32([[[[2, 2, 1], [0, 2, 1]]]])
    g = Graph()
    g.input("x", [1, 1, None, None])
    for y in (g.op("ReduceMax", "x", keepdims=0), g.op("GlobalMaxPool", "x")):
        (slope,) = run(g.model([gradient(g, g.op("ReduceSum", y, keepdims=0), "x")]), x)
        np.testing.assert_allclose(slope, (x == 2) / 3)
    y = g.op("Max", "x", g.constant(np.full((1, 1, 1, 3), 2.0)))
    (slope,) = run(g.model([gradient(g, g.op("ReduceSum", y, keepdims=0), "x")]), x)
    np.testing.assert_allclose(slope, (x == 2) / 2)


def test_the_norm_of_zeros_has_the_gradient_zero() -> None:
    g = Graph()
    g.input("x", [1, 1, None, None])
    slope = gradient(g, g.op("ReduceL2", "x", keepdims=0), "x")
    zeros = np.zeros((1, 1, 2, 2), np.float32)
    np.testing.assert_array_equal(run(g.model([slope]), zeros)[0], zeros)


@pytest.mark.parametrize("group", [1, 2, 4])
@pytest.mark.parametrize(("strides", "more"), [([1, 1], [0, 0]), ([2, 3], [1, 2])])
def test_transposed_convolution_in_groups(group: int, strides: list[int], more: list[int]) -> None:
    """⟨A v, w⟩ = ⟨v, Aᵀ w⟩, for a linear operator A."""
    weights = np.random.default_rng(3).standard_normal((4, 2, 3, 2))
    g = Graph()
    g.input("x", [1, 4, None, None])
    how = {"strides": strides, "output_padding": more, "pads": [1, 0, 1, 1], "dilations": [2, 1]}
    check_adjoint(
        g, g.op("ConvTranspose", "x", g.constant(weights), group=group, **how), picture(4, (1, 4, 5, 6))
    )


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "align_corners", "asymmetric"])
@pytest.mark.parametrize("how", [{"antialias": 1}, {"axes": [2, 3]}, {"axes": [-2, -1]}, {}])
def test_resizing_with_newer_attributes(mode: str, coordinates: str, how: dict[str, object]) -> None:
    if "antialias" in how and (mode == "nearest" or coordinates != "half_pixel"):
        pytest.skip("onnxruntime has it for linear and cubic only")
    g = Graph(19)
    g.input("x", [1, 2, None, None])
    factors = [0.7, 1.6] if "axes" in how else [1, 1, 0.7, 1.6]
    how = {"mode": mode, "coordinate_transformation_mode": coordinates, **how}
    check_adjoint(g, g.op("Resize", "x", "", g.constant(factors), **how), picture(4, (1, 2, 7, 6)))


def check_adjoint(g: Graph, y: str, x: np.ndarray) -> None:
    weights = np.random.default_rng(5).standard_normal(run(g.model([y]), x)[0].shape)
    loss = g.op("ReduceSum", g.op("Mul", y, g.constant(weights)), keepdims=0)
    slope = gradient(g, loss, "x")
    for seed in range(3):
        v = picture(seed, x.shape)
        value, adjoint = run(g.model([y, slope]), v)
        assert (value * weights).sum() == pytest.approx((v * adjoint).sum(), rel=1e-4, abs=1e-4)


def test_gradients_of_convolutions_between_half_the_channels() -> None:
    """Split, as in AlexNet's and ShuffleNet's halves, with one half unused."""
    g = Graph(18)
    g.input("x", [1, 4, None, None])
    halves = [g.fresh("half") for _ in range(2)]
    g.nodes.append(helper.make_node("Split", ["x"], halves, axis=1, num_outputs=2))
    x = picture(0, (1, 4, 3, 3))
    value, slope = slopes(g, halves[1], x)
    np.testing.assert_array_equal(value, x[:, 2:])
    np.testing.assert_array_equal(slope, np.concatenate([np.zeros_like(x[:, :2]), x[:, 2:]], 1))


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu(approximate: str) -> None:
    g = Graph(20)
    g.input("x", [1, 1, None, None])
    slope = gradient(g, g.op("ReduceSum", g.op("Gelu", "x", approximate=approximate), keepdims=0), "x")
    x = 2 * picture(0, (1, 1, 5, 5))
    wide = x.astype(np.float64)
    phi = np.exp(-(wide**2) / 2) / math.sqrt(2 * math.pi)
    expected = (1 + np.vectorize(math.erf)(wide / math.sqrt(2))) / 2 + wide * phi
    tolerance = 1e-5 if approximate == "none" else 2e-3  # of the approximation itself
    np.testing.assert_allclose(run(g.model([slope]), x)[0], expected, atol=tolerance)


@pytest.mark.parametrize("zero", [np.uint8(128), np.int8(-2)])
def test_the_gradient_passes_straight_through_quantisation(zero: np.integer) -> None:
    g = Graph()
    g.input("x", [1, 2, None, None])
    scale, point = g.constant(0.25), g.constant(zero, zero.dtype)
    y = g.op("DequantizeLinear", g.op("QuantizeLinear", "x", scale, point), scale, point)
    slope = gradient(g, g.op("ReduceSumSquare", y, keepdims=0), "x")
    x = picture(0, (1, 2, 4, 4))
    quantised, found = run(g.model([y, slope]), x)
    np.testing.assert_allclose(quantised, x, atol=0.5)
    np.testing.assert_allclose(found, 2 * quantised)


def test_resizing_by_whole_factors_is_one_pooling() -> None:
    """In every mode that repeats values: as exporters write it, and as onnx's converter makes Upsample."""
    for how in (
        {},
        {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        {"coordinate_transformation_mode": "pytorch_half_pixel"},
    ):
        g = Graph()
        g.input("x", [1, 2, None, None])
        y = g.op("Resize", "x", "", g.constant([1, 1, 2, 3]), mode="nearest", **how)
        slope = gradient(g, g.op("ReduceSumSquare", y, keepdims=0), "x")
        x = picture(0, (1, 2, 4, 5))
        repeated, found = run(g.model([y, slope]), x)
        np.testing.assert_array_equal(repeated, x.repeat(2, 2).repeat(3, 3))
        np.testing.assert_allclose(found, 12 * x, rtol=1e-6)
        assert "EyeLike" not in [node.op_type for node in g.nodes]


@pytest.mark.parametrize(
    "make",
    [
        lambda g: g.op("Gather", "x", g.op("Shape", g.op("NonZero", "x"), end=1)),
        lambda g: g.op("Gather", "x", g.constant([[0, 1]], np.int64)),
        lambda g: g.op("Resize", "x", "", g.constant([1, 2, 1, 1])),
        lambda g: g.op(
            "Resize",
            "x",
            g.constant([0, 0, 0.1, 0.1, 1, 1, 0.9, 0.9]),
            "",
            g.ints(1, 2, 3, 3),
            coordinate_transformation_mode="tf_crop_and_resize",
        ),
        lambda g: g.op("ConvTranspose", "x", g.constant(np.ones((2, 1, 2, 2))), auto_pad="SAME_UPPER"),
        lambda g: g.op(
            "LayerNormalization", g.constant(np.ones((1, 2, 4, 4))), g.op("ReduceMean", "x", axes=[0, 1, 2])
        ),
    ],
)
def test_uses_without_a_rule_are_refused(make) -> None:
    g = Graph()
    g.input("x", [1, 2, 4, 4])
    with pytest.raises(GraphError):
        gradient(g, g.op("ReduceSum", make(g), keepdims=0), "x")
