"""The painter that ships: one pass, tiles that agree, and the derivative by the style vector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from support.pictures import smooth_picture

from nst_onnx.errors import ModelError, PictureError
from nst_onnx.feedforward import graphs
from nst_onnx.feedforward import painter as painter_module
from nst_onnx.feedforward.fitting import fit
from nst_onnx.feedforward.noise import noise
from nst_onnx.feedforward.painter import FRAME, Painter
from nst_onnx.feedforward.statistics import measure
from nst_onnx.models import catalogue
from nst_onnx.objective.sessions import Network
from nst_onnx.picture import Picture
from nst_onnx.runtime import OnnxruntimeSession, choose
from nst_onnx.support.memory import Memory

MEMORY = Memory.of(None)


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.asarray(smooth_picture(height, width, seed=seed).convert("RGB"), np.float32) / 255


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter.load(catalogue.painter(), choose("cpu"))


@pytest.fixture(scope="module")
def style(painter: Painter) -> np.ndarray:
    return painter.predict(statistics(painter), 0.5)


def statistics(painter: Painter, seed: int = 0) -> np.ndarray:
    return np.abs(np.random.default_rng(seed).normal(20, 5, painter.statistics)).astype(np.float32)


def test_it_is_small_and_cheap() -> None:
    """At most a megabyte; at most 30 000 multiplications for each pixel, counted from the graph."""
    path = catalogue.painter()
    assert path.stat().st_size <= 1_000_000
    model = Painter.load(path, choose("cpu"))._model
    inferred = onnx.shape_inference.infer_shapes(fixed(model, 64, 64), data_prop=True)
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in inferred.graph.value_info}
    shapes |= {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in inferred.graph.output}
    weights = {t.name: t.dims for t in model.graph.initializer}
    products = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            _, channels, height, width = shapes[node.output[0]]
            kernel = weights.get(node.input[1]) or shapes[node.input[1]]
            products += channels * height * width * int(np.prod(kernel[1:]))
    assert 10_000 < products / 64**2 <= 30_000


def fixed(model: onnx.ModelProto, height: int, width: int) -> onnx.ModelProto:
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    for value in copied.graph.input:
        if value.name in (graphs.IMAGE, graphs.NOISE):
            for dimension, side in zip(value.type.tensor_type.shape.dim[2:], (height, width), strict=True):
                dimension.dim_value = side
    return copied


@pytest.mark.parametrize("shape", [(8, 8), (40, 24), (33, 57)])
def test_a_picture_keeps_its_size(painter: Painter, style: np.ndarray, shape: tuple[int, int]) -> None:
    found = painter.paint(photo(*shape), style, MEMORY)
    assert found.shape == (*shape, 3)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1
    assert np.array_equal(found, painter.paint(photo(*shape), style, MEMORY))


def test_a_picture_too_small(painter: Painter, style: np.ndarray) -> None:
    with pytest.raises(PictureError, match=r"20×7.*too small"):
        painter.paint(photo(7, 20), style, MEMORY)


def test_tiles_agree_with_the_whole_and_among_themselves(
    painter: Painter, style: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Normalisations measured on the same picture: rates and offsets are instance normalisation."""
    picture = photo(120, 200)
    whole = painter.paint(picture, style, MEMORY)
    monkeypatch.setattr(painter_module, "_WHOLE", 0)
    monkeypatch.setattr(painter_module, "_MEASURED", 200)
    for side in (4096, 64, 50):
        monkeypatch.setattr(painter_module, "_TILE", side)
        assert np.abs(painter.paint(picture, style, MEMORY) - whole).max() < 2e-3
    once = painter.paint(picture, style, MEMORY)
    monkeypatch.setattr(painter_module, "_TILE", 72)
    assert np.abs(painter.paint(picture, style, MEMORY) - once).max() < 1e-5


def test_no_pixel_beyond_the_halo_has_an_effect(painter: Painter, style: np.ndarray) -> None:
    model, halo = graphs.tile_painter(painter._model, painter.size)
    session = OnnxruntimeSession(model, choose("cpu"))
    measured = OnnxruntimeSession(graphs.normalisations(painter._model, painter.size), choose("cpu"))
    image = np.random.default_rng(0).random((1, 3, 256, 256), np.float32)
    grain = {graphs.NOISE: noise(np.arange(256), np.arange(256))}
    feeds = {graphs.IMAGE: image, **grain, graphs.STYLE: style}
    vectors = {graphs.STYLE: style, **measured.run(feeds, [graphs.RATES, graphs.OFFSETS])}

    def painted(given: np.ndarray) -> np.ndarray:
        feeds = {graphs.IMAGE: given, **grain, **vectors}
        return session.run(feeds, [graphs.PICTURE])[graphs.PICTURE][0, :, 128, 128]

    before = painted(image)
    for distance in (halo + 1, 1):
        changed = image.copy()
        changed[..., : 128 - distance + 1] += 1
        near = distance <= halo
        assert np.array_equal(painted(changed), before) != near


def test_the_frame_is_no_part_of_the_derivative(painter: Painter, style: np.ndarray) -> None:
    """The gradient by the style vector against central differences of a fixed weighting of the picture."""
    rng, picture = np.random.default_rng(1), photo(24, 40)
    weights = rng.standard_normal((1, 3, 24, 40)).astype(np.float32)
    slope = painter.backward(picture, style, weights).astype(np.float64)

    def value(vector: np.ndarray) -> float:
        return float(np.vdot(weights.astype(np.float64), painter.forward(picture, vector)))

    for _ in range(4):
        direction = rng.standard_normal(style.shape).astype(np.float32)
        step = np.float32(1e-4)
        numeric = (value(style + step * direction) - value(style - step * direction)) / (2 * float(step))
        assert np.vdot(slope, direction) == pytest.approx(numeric, rel=0.05, abs=0.02 * np.linalg.norm(slope))
    assert painter.forward(picture, style).shape == (1, 3, 24, 40)
    assert FRAME % painter.facts.multiple == 0


class Quadratic:
    """As much of an objective as the fitting needs: half the squared distance to a grey picture."""

    def __init__(self, content: np.ndarray) -> None:
        self.content_picture = content

    def evaluate(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        difference = picture - np.float32(0.25)
        return np.array([0.5 * np.square(difference).sum()], np.float32), difference

    def named(self, losses: np.ndarray) -> dict[str, float]:
        return {"total": float(losses.sum())}


def test_fitting_lowers_the_mean_loss_of_all_photos(painter: Painter, style: np.ndarray) -> None:
    objectives = [Quadratic(photo(24, 32, seed)) for seed in (0, 1)]
    states = list(fit(painter, objectives, style, 12))  # type: ignore[arg-type]
    assert len(states) == 12
    assert states[-1].best_loss < 0.3 * states[0].losses["total"]
    assert states[-1].best_loss == min(state.losses["total"] for state in states)
    mean = (
        sum(float(o.evaluate(painter.forward(o.content_picture, states[-1].style))[0][0]) for o in objectives)
        / 2
    )
    assert mean == pytest.approx(states[-1].best_loss, rel=1e-4)


def test_the_strength_changes_how_much_of_the_photo_is_left(painter: Painter) -> None:
    """By the shipped painter, of a photo's own statistics: more strength, farther from the photo."""
    picture = photo(64, 96)
    network = Network.load(catalogue.locate(painter.facts.network), choose("cpu"))
    style = Picture(photo(64, 96, seed=4), None, "style", 8)
    numbers = measure(network, painter.facts.layers, [style], None, 96, MEMORY)
    changes = [
        float(np.abs(painter.paint(picture, painter.predict(numbers, strength), MEMORY) - picture).mean())
        for strength in (0.0, 0.5, 1.0)
    ]
    assert changes[0] < changes[1] < changes[2]


def test_noise_is_white_and_a_function_of_the_position() -> None:
    whole = noise(np.arange(-32, 480), np.arange(-32, 480))
    assert whole.shape == (1, 1, 512, 512)
    assert np.array_equal(noise(np.arange(100, 140), np.arange(7, 9)), whole[:, :, 132:172, 39:41])
    values = whole[0, 0].astype(np.float64)
    assert -0.5 <= values.min() < -0.499 < 0.499 < values.max() < 0.5
    assert abs(values.mean()) < 0.003
    assert values.var() == pytest.approx(1 / 12, rel=0.01)
    power = np.square(np.abs(np.fft.fft2(values))) / values.size * 12
    power[0, 0] = 1
    blocks = power.reshape(16, 32, 16, 32).mean((1, 3))  # of 1024 frequencies: 1 ± 0.03
    assert np.abs(blocks - 1).max() < 0.15
    assert power.max() < 25  # the largest of 262 144 exponential values is about 13


@pytest.mark.parametrize("what", ["a feature network", "nothing"])
def test_other_files(tmp_path: Path, what: str) -> None:
    path = catalogue.locate("compact") if what == "a feature network" else tmp_path / "none.onnx"
    with pytest.raises(ModelError, match="no painter" if path.exists() else "does not exist"):
        Painter.load(path, choose("cpu"))
