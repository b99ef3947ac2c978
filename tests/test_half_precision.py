"""Half precision: what is computed in it, and losses scaled so that gradients neither vanish nor overflow."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from networks import CPU, vgg_network, vgg_weights
from node_by_node import computed

from nst_onnx import Objective, landscape
from nst_onnx.errors import DeviceError
from nst_onnx.landscape import DeviceLandscape, HostLandscape, to_vector
from nst_onnx.losses.assemble import COEFFICIENTS, GRADIENT, LOSSES, PICTURE, objective_model
from nst_onnx.losses.scale import LOUDNESS, SCALE, LossScale
from nst_onnx.network import Network
from nst_onnx.runtime import Device
from nst_onnx.runtime.half import halved
from nst_onnx.runtime.kernel import fetch, put
from nst_onnx.stylizer import Stylizer

HALF = Device("cpu", precision="fp16")
SHAPE = (40, 56)
RNG = np.random.default_rng(0)
CONTENT, STYLE = RNG.random((*SHAPE, 3), np.float32), RNG.random((40, 40, 3), np.float32)
SEEN = RNG.random((1, 3, *SHAPE), np.float32)


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
        self.model = halved(objective_model(objective.network.extractor, objective.terms, scaled=True))
        self._feeds = objective._whole._bound.feeds()

    def gradient(self, scale: float, weight: float = 1.0) -> tuple[np.ndarray, float]:
        """The gradient with all coefficients times a weight, and how loud it was."""
        feeds = self._feeds | {PICTURE: SEEN, SCALE: np.float32(scale)}
        feeds[COEFFICIENTS] = self._feeds[COEFFICIENTS] * np.float32(weight)
        slope, loudness = computed(self.model, feeds, [GRADIENT, LOUDNESS])
        return slope, float(loudness)

    def scaled(self, scale: LossScale, weight: float) -> np.ndarray:
        for _ in range(8):
            slope, loudness = self.gradient(scale.value, weight)
            if scale.fits(loudness):
                return slope
        raise AssertionError("no scale was found in eight tries")


@pytest.mark.parametrize("preset", ["default", "neural-style", "narayanan"])
def test_convolutions_are_in_half_precision_and_nothing_that_goes_in_or_out(
    preset: str, network: Network
) -> None:
    objective = of(network, preset=preset)
    model = halved(objective_model(network.extractor, objective.terms, scaled=True))
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


def gradients(loud: float, most: float, least: float) -> tuple[LossScale, int]:
    """Look for the scale of a gradient that overflows above `most` and vanishes below `least`."""
    scale = LossScale()
    for tries in range(1, 100):
        size = loud * scale.value
        if scale.fits(np.inf if size > most else 0.0 if size < least else size):
            return scale, tries
    raise AssertionError("it never fits")


@pytest.mark.parametrize("loud", [1e-30, 1e-12, 1e-3, 1.0, 1e5, 1e20])
def test_a_scale_is_found(loud: float) -> None:
    scale, tries = gradients(loud, most=2.0**24, least=2.0**-10)
    assert tries <= 10
    assert 2.0**8 <= loud * scale.value <= 2.0**20


def test_a_scale_is_kept_below_what_overflowed() -> None:
    scale, _ = gradients(1.0, most=2.0**5, least=2.0**-20)
    assert 2.0**-20 <= scale.value <= 2.0**5


def test_no_slope_is_no_slope() -> None:
    scale = LossScale()
    assert any(scale.fits(0.0) for _ in range(20))


def test_where_no_scale_will_do_that_is_said() -> None:
    with pytest.raises(DeviceError, match="half precision") as caught:
        gradients(1.0, most=0.0, least=0.0)
    assert "tf32" in caught.value.hint


# ---- objectives and paintings


@pytest.mark.parametrize("preset", ["default", "neural-style", "gatys2015"])
def test_an_objective_in_half_precision(preset: str, network: Network, half: Network) -> None:
    exact, rounded = of(network, preset=preset), of(half, preset=preset)
    losses, slope = (part.copy() for part in exact.evaluate(SEEN))
    found, gradient = rounded.evaluate(SEEN)
    np.testing.assert_allclose(found, losses, rtol=1e-2, atol=1e-3 * losses.max())
    assert length(gradient - slope) < 0.06 * length(slope)


def test_the_same_on_host_and_device(half: Network) -> None:
    objective = of(half)
    x = to_vector(SEEN[0].transpose(1, 2, 0))
    losses, slope = (part.copy() for part in HostLandscape(objective)(x))
    there, gradient = DeviceLandscape(objective)(put(x, CPU))
    np.testing.assert_allclose(there, losses, rtol=1e-3)
    np.testing.assert_allclose(fetch(gradient), slope, rtol=1e-2, atol=1e-2 * np.abs(slope).max())


def test_a_painting_in_half_precision(
    network: Network, half: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: the picture stays on the device."""
    monkeypatch.setattr(landscape, "STAYING", frozenset({"cpu"}))
    options = {"size": 120, "steps": 20, "min_change": 0}
    exact, rounded = (Stylizer(n).stylize(CONTENT, STYLE, **options) for n in (network, half))
    assert rounded.losses["total"] == pytest.approx(exact.losses["total"], rel=0.02)
    assert rounded.array.shape == exact.array.shape


def test_tiles_are_computed_in_another_precision(half: Network, tmp_path: Path) -> None:
    sessions = half.sessions(of(half).terms)
    assert SCALE in sessions.objective.inputs
    assert SCALE not in sessions.tile_gradient.inputs
    assert sessions.tile_gradient.device == Device("cpu", precision="tf32")
    assert LOSSES in sessions.objective.outputs
