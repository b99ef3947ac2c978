"""Half precision: what is computed in it, and losses scaled so that gradients neither vanish nor overflow."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from support.networks import CPU, vgg_network, vgg_weights
from support.node_by_node import computed

from nst_onnx import Objective
from nst_onnx.errors import DeviceError
from nst_onnx.graph import Graph
from nst_onnx.graph.passes.float16 import to_float16
from nst_onnx.objective.graphs import objective_model
from nst_onnx.objective.loss_scaling import GRADIENT_MEAN, LOSS_SCALE, LossScale
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.terms import COEFFICIENTS, GRADIENT, PICTURE
from nst_onnx.painting.flat_objective import DeviceFlatObjective, HostFlatObjective, to_vector
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.runtime import BACKENDS, Device
from nst_onnx.runtime.device_tensors import fetch, put

HALF = Device("cpu", precision="fp16")
SHAPE = (40, 56)
RNG = np.random.default_rng(0)
CONTENT, STYLE = RNG.random((*SHAPE, 3), np.float32), RNG.random((40, 40, 3), np.float32)
SEEN = RNG.random((1, 3, *SHAPE), np.float32)


@pytest.fixture(autouse=True)
def half_precision_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime's CPU provider runs float16 graphs, too, but slowly: users cannot choose it."""
    cpu = replace(BACKENDS["cpu"], precisions=BACKENDS["cuda"].precisions)
    monkeypatch.setitem(BACKENDS, "cpu", cpu)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("network"), vgg_weights(widths=(6, 8, 8, 10, 10)))


@pytest.fixture(scope="module")
def half(network: Network) -> Network:
    return Network(network.extractor, HALF)


def of(network: Network, **options: object) -> Objective:
    return Objective(CONTENT, STYLE, model=network, size=SHAPE[::-1], **options)


def length(vector: np.ndarray) -> float:
    return float(np.linalg.norm(vector.astype(np.float64)))


class Rounded:
    """An objective in half precision, every tensor rounded to its type, whatever the runtime makes of it."""

    def __init__(self, objective: Objective) -> None:
        self.model = to_float16(objective_model(objective.network.extractor, objective.terms, scaled=True))
        self._feeds = objective._whole._bound.feeds()

    def gradient(self, scale: float, weight: float = 1.0) -> tuple[np.ndarray, float]:
        """The gradient with all coefficients times a weight, and how loud it was."""
        feeds = self._feeds | {PICTURE: SEEN, LOSS_SCALE: np.float32(scale)}
        feeds[COEFFICIENTS] = self._feeds[COEFFICIENTS] * np.float32(weight)
        slope, loudness = computed(self.model, feeds, [GRADIENT, GRADIENT_MEAN])
        return slope, float(loudness)

    def scaled(self, scale: LossScale, weight: float) -> np.ndarray:
        """The gradient by the scale that fits, found in a few tries."""
        slopes = []

        def evaluate(factor: float) -> tuple[float, float]:
            slope, loudness = self.gradient(factor, weight)
            slopes.append(slope)
            return 0.0, loudness

        scale.fit(evaluate)
        assert len(slopes) <= 8
        return slopes[-1]


@pytest.mark.parametrize("preset", ["default", "neural-style", "gatys2015"])
def test_convolutions_are_in_half_precision_and_nothing_that_goes_in_or_out(
    preset: str, network: Network
) -> None:
    objective = of(network, preset=preset)
    model = to_float16(objective_model(network.extractor, objective.terms, scaled=True))
    typed = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    types = {v.name: v.type.tensor_type.elem_type for v in (*typed.value_info, *typed.input, *typed.output)}
    channels = {t.name: t.dims[:2] for t in model.graph.initializer}
    kernels = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    seen = set()
    for node in model.graph.node:
        if node.op_type == "Conv":
            inside = min(channels[kernels.get(node.input[1], node.input[1])]) > 3
            assert (types[node.output[0]] == onnx.TensorProto.FLOAT16) == inside
            seen.add(inside)
        if node.op_type in ("Gemm", "ReduceSumSquare"):
            assert types[node.output[0]] == onnx.TensorProto.FLOAT
    assert seen == {True, False}
    float32 = onnx.TensorProto.FLOAT
    assert all(v.type.tensor_type.elem_type == float32 for v in (*model.graph.input, *model.graph.output))


@pytest.mark.parametrize("weight", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("preset", ["default", "neural-style"])
def test_scaled_the_gradient_is_right_however_small_or_large_the_loss(
    preset: str, weight: float, network: Network
) -> None:
    objective = of(network, preset=preset)
    expected = objective.evaluate(SEEN)[1] * np.float32(weight)
    found = Rounded(objective).scaled(LossScale(), weight)
    error = length(found - expected) / length(expected)
    assert 1e-4 < error < 0.03, "rounded to 11 bits, and no worse"


def test_what_it_is_scaled_for(network: Network) -> None:
    """Without, a small loss's gradient vanishes; too much of it, and the gradient says that it overflowed."""
    objective = of(network, preset="neural-style")
    expected = objective.evaluate(SEEN)[1]
    rounded = Rounded(objective)
    small, _ = rounded.gradient(1.0, weight=1e-12)
    assert length(small - np.float32(1e-12) * expected) > 0.5 * length(np.float32(1e-12) * expected)
    for exponent in range(10, 100, 10):
        slope, loudness = rounded.gradient(2.0**exponent)
        if np.isfinite(loudness):
            assert length(slope - expected) < 0.03 * length(expected), "an overflow that nobody notices"
    assert not np.isfinite(loudness)


# ---- how the scale follows


class Gradients:
    """Overflow above `most`, vanish below `least`; `tries` counts evaluations."""

    def __init__(self, most: float = 2.0**24, least: float = 2.0**-10) -> None:
        self.most, self.least, self.tries, self.size = most, least, 0, 0.0

    def fit(self, scale: LossScale, loud: float, loss: float = 1.0) -> float:
        """The size, scaled, of a gradient that is so loud itself, once it fits."""

        def evaluate(factor: float) -> tuple[float, float]:
            self.tries += 1
            assert self.tries < 100, "it never fits"
            size = loud * factor
            self.size = np.inf if size > self.most else 0.0 if size < self.least else size
            return loss, self.size

        self.tries = 0
        scale.fit(evaluate)
        return self.size


@pytest.mark.parametrize("loud", [1e-30, 1e-12, 1e-3, 1.0, 1e5, 1e20])
def test_a_scale_is_found(loud: float) -> None:
    gradients, scale = Gradients(), LossScale()
    assert 2.0**7 <= gradients.fit(scale, loud) <= 2.0**24
    assert gradients.tries <= 11
    assert 2.0**7 <= gradients.fit(scale, loud) <= 2.0**20
    assert gradients.tries == 1, "it is kept"


@pytest.mark.parametrize("most", [2.0**5, 2.0**10, 2.0**-3])
def test_below_what_overflows(most: float) -> None:
    gradients, scale = Gradients(most, least=2.0**-30), LossScale()
    for count in range(60):
        assert most / 2**8 <= gradients.fit(scale, 1.0) <= most
        assert gradients.tries <= (8 if count == 0 else 4)


def test_after_an_outlier_all_is_as_before() -> None:
    gradients, scale = Gradients(), LossScale()
    usual = gradients.fit(scale, 1.0)
    gradients.fit(scale, 2.0**30)
    gradients.fit(scale, 1.0)
    assert abs(np.log2(gradients.size / usual)) <= 6
    gradients.fit(scale, 2.0**-14)
    assert gradients.size > 0


def test_a_loss_that_is_no_number_changes_nothing() -> None:
    gradients, scale = Gradients(), LossScale()
    gradients.fit(scale, 1e-9)
    gradients.fit(scale, 1e-9, loss=np.nan)
    assert gradients.tries == 1
    gradients.fit(scale, 1e-9)
    assert gradients.tries == 1
    assert gradients.size > 0


def test_no_slope_is_no_slope() -> None:
    gradients, scale = Gradients(), LossScale()
    assert gradients.fit(scale, 0.0) == 0
    assert gradients.fit(scale, 1.0) > 2.0**7


@pytest.mark.parametrize("loss", [1.0, np.inf])
def test_where_no_scale_will_do_that_is_said(loss: float) -> None:
    with pytest.raises(DeviceError, match="float16 overflows") as caught:
        Gradients(most=0.0, least=0.0).fit(LossScale(), 1.0, loss)
    assert "tf32" in caught.value.hint


# ---- objectives and paintings


@pytest.mark.parametrize("preset", ["default", "neural-style", "gatys2015"])
def test_an_objective_in_half_precision(preset: str, network: Network, half: Network) -> None:
    exact, rounded = of(network, preset=preset), of(half, preset=preset)
    losses, slope = (part.copy() for part in exact.evaluate(SEEN))
    found, gradient = (part.copy() for part in rounded.evaluate(SEEN))
    np.testing.assert_allclose(found, losses, rtol=1e-2, atol=1e-3 * losses.max())
    assert 1e-4 < length(gradient - slope) / length(slope) < 0.06
    rounded.evaluate(1e6 * SEEN)  # a step much too far
    np.testing.assert_allclose(rounded.evaluate(SEEN)[1], gradient, atol=1e-2 * np.abs(gradient).max())


def test_the_same_on_host_and_device(half: Network) -> None:
    objective = of(half)
    x = to_vector(SEEN[0].transpose(1, 2, 0))
    losses, slope = (part.copy() for part in HostFlatObjective(objective)(x))
    there, gradient = DeviceFlatObjective(objective)(put(x, CPU))
    np.testing.assert_allclose(there, losses, rtol=1e-3)
    np.testing.assert_allclose(fetch(gradient), slope, rtol=1e-2, atol=1e-2 * np.abs(slope).max())


def test_a_painting_in_half_precision(
    network: Network, half: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BACKENDS, "cpu", replace(BACKENDS["cpu"], vectors_on_device=True))
    options = {"size": 120, "steps": 20, "min_change": 0}
    exact, rounded = (Stylizer(n).stylize(CONTENT, STYLE, **options) for n in (network, half))
    first, last = exact.history[0]["total"], exact.losses["total"]
    assert rounded.history[0]["total"] == pytest.approx(first, rel=0.01), "the same picture"
    assert last < 0.05 * first
    assert rounded.losses["total"] < 1.25 * last
    assert rounded.array.shape == exact.array.shape


def test_tiles_are_computed_in_another_precision(half: Network) -> None:
    sessions = half.sessions(of(half).terms)
    assert LOSS_SCALE in sessions.objective.inputs
    assert LOSS_SCALE not in sessions.tile_gradient.inputs
    assert sessions.tile_gradient.device == Device("cpu", precision="tf32")


# ---- other networks, and recorded launches


def graph_of(op: Callable[[Graph, str], str]) -> Graph:
    """A convolution, what `op` makes of it, and a convolution."""
    g = Graph()
    kernel = np.random.default_rng(1).standard_normal((6, 6, 3, 3)) / 8
    x = g.op("Conv", g.input("x", [1, 6, None, None]), g.constant(kernel), pads=[1] * 4)
    g.output("y", g.op("Conv", op(g, x), g.constant(kernel), pads=[1] * 4))
    return g


def with_places(g: Graph, x: str) -> str:
    """Max pooling that tells where, and back to there."""
    node = onnx.helper.make_node("MaxPool", [x], ["pooled", "places"], kernel_shape=[2, 2], strides=[2, 2])
    g.nodes.append(node)
    return g.op("MaxUnpool", "pooled", "places", kernel_shape=[2, 2], strides=[2, 2])


def named_alike(g: Graph, x: str) -> str:
    g.nodes.append(onnx.helper.make_node("Sigmoid", [x], ["a"]))
    g.nodes.append(onnx.helper.make_node("Relu", ["a"], ["a/float16"]))
    return g.op("Add", "a", "a/float16")


@pytest.mark.parametrize(
    "op",
    [
        with_places,
        named_alike,
        lambda g, x: g.op("Mul", g.op("Mul", x, g.constant(1e6)), g.constant(1e-6)),
        lambda g, x: g.op("Concat", g.op("Slice", x, g.ints(0), g.ints(3), g.ints(1)), x, axis=1),
    ],
    ids=["places", "names", "large", "concat"],
)
def test_any_network_can_be_to_float16(op: Callable[[Graph, str], str]) -> None:
    def alike(g: Graph, x: str) -> str:
        return g.op("Slice", op(g, x), g.ints(0), g.ints(6), g.ints(1))

    model, x = graph_of(alike).model(), RNG.standard_normal((1, 6, 8, 8)).astype(np.float32)
    expected, found = (computed(m, {"x": x}, ["y"])[0] for m in (model, to_float16(model)))
    assert found.dtype == np.float32
    assert 0 < length(found - expected) < 0.01 * length(expected)


@pytest.mark.parametrize("preset", ["default", "neural-style"])
def test_with_the_size_fixed_no_shape_is_left_to_be_computed(
    preset: str, network: Network, tmp_path: Path
) -> None:
    """CUDA records launches only where nothing is computed on the host meanwhile."""
    objective = of(network, preset=preset)
    model = to_float16(objective_model(network.extractor, objective.terms, scaled=True, sides=SHAPE))
    assert any(node.op_type == "Shape" for node in model.graph.node)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    left = onnx.load(tmp_path / "optimised.onnx").graph.node
    assert not [node for node in left if node.op_type in ("Shape", "Size")]


def test_what_is_recorded_has_a_session_of_its_own(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    terms = of(network).terms
    monkeypatch.setattr(
        "nst_onnx.objective.sessions.open_session", lambda _, device, __: SimpleNamespace(device=device)
    )
    recorded = Network(network.extractor, Device("cuda", graph=True)).sessions(terms)
    first, second = (recorded.objective_at(SHAPE) for _ in range(2))
    assert first is not second
    assert first.device.graph
    assert not recorded.statistics.device.graph
    kept = Network(network.extractor, Device("cuda")).sessions(terms)
    assert kept.objective_at(SHAPE) is kept.objective
