"""Textures: the style without a photo; seamless ones continue at the opposite side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from support.command import Outcome
from support.pictures import smooth_picture

import nst_onnx
from nst_onnx.errors import GraphError, NstError, OptionError
from nst_onnx.graph.passes.wrap_padding import wrap_padding
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.network_choice import Networks
from nst_onnx.painting.texture import prepared
from nst_onnx.painting.texture_options import OF_A_PHOTO
from nst_onnx.picture import read_settings
from nst_onnx.picture.periodic_resize import resize_periodic

PAINTING = np.asarray(smooth_picture(48, 64, 3), np.uint8)
GRAIN = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
STYLE = (PAINTING // 2 + GRAIN // 2).astype(np.uint8)
QUICK: dict[str, Any] = {"model": "compact", "device": "cpu"}


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.open("compact", "cpu")


def seam(picture: np.ndarray) -> float:
    """The mean difference of pixels across the seams, relative to that of neighbours inside."""
    across = np.abs(picture[:, 0] - picture[:, -1]).mean() + np.abs(picture[0] - picture[-1]).mean()
    return float(across / (np.abs(np.diff(picture, axis=0)).mean() + np.abs(np.diff(picture, axis=1)).mean()))


def test_features_of_a_shifted_tile_are_shifted_features(network: Network) -> None:
    extractor = network.extractor
    model = wrap_padding(extractor.proto)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    tile = np.random.default_rng(0).random((1, 3, 32, 48), np.float32)
    plain = session.run(list(extractor.layers), {extractor.input: tile})
    shifted = session.run(list(extractor.layers), {extractor.input: np.roll(tile, (8, 16), (2, 3))})
    for before, after in zip(plain, shifted, strict=True):
        stride = 32 // before.shape[2]
        rolled = np.roll(before, (8 // stride, 16 // stride), (2, 3))
        np.testing.assert_allclose(after, rolled, rtol=1e-4, atol=1e-4 * np.abs(before).max())


def test_the_loss_does_not_see_where_the_tile_begins(network: Network) -> None:
    """Nor does its gradient: of the whole objective, with margin, pooling and preprocessing."""
    run = prepared(Networks.of(network), STYLE, seamless=True, options={"size": (48, 32), "pyramid": False})
    steps = run.advance()
    next(steps)
    objective = run._objective
    assert objective is not None
    tile = np.random.default_rng(1).random((1, 3, 32, 48), np.float32)
    losses, gradient = (np.array(one) for one in objective.evaluate(tile))
    moved, moved_gradient = (np.array(one) for one in objective.evaluate(np.roll(tile, (4, 20), (2, 3))))
    np.testing.assert_allclose(moved, losses, rtol=1e-4)
    rolled = np.roll(gradient, (4, 20), (2, 3))
    np.testing.assert_allclose(moved_gradient, rolled, atol=1e-3 * np.abs(gradient).max())
    steps.close()


def test_a_seamless_texture_has_no_seam() -> None:
    options = {**QUICK, "size": 64, "steps": 60, "min_change": 0}
    plain = nst_onnx.texture(STYLE, **options)
    tile = nst_onnx.texture(STYLE, seamless=True, **options)
    assert tile.array.shape == (64, 64, 3)
    assert seam(plain.array) > 1.25
    assert seam(tile.array) < 1.15
    # The colours and the contrast are the style's.
    np.testing.assert_allclose(tile.array.mean((0, 1)), STYLE.mean((0, 1)) / 255, atol=0.06)
    assert tile.array.std() > 0.7 * (STYLE / 255).std()
    assert (tile.settings["texture"], tile.settings["seamless"]) == (True, True)
    assert (plain.settings["texture"], plain.settings["seamless"]) == (True, False)


def test_a_seed_makes_another_texture() -> None:
    first, again, other = (
        nst_onnx.texture(STYLE, **QUICK, size=32, steps=4, seed=seed).array for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.02


def test_resampling_a_tile() -> None:
    """A wave that closes at the borders stays one: plain resampling breaks it there."""

    def wave(height: int, width: int) -> np.ndarray:
        y, x = np.mgrid[:height, :width] + 0.5
        return (0.5 + 0.3 * np.sin(2 * np.pi * (3 * x / width + 2 * y / height)))[..., None].astype("f4")

    np.testing.assert_allclose(resize_periodic(wave(48, 64), (72, 96)), wave(72, 96), atol=3e-3)


@pytest.mark.parametrize("name", OF_A_PHOTO)
def test_options_of_a_photo_are_refused(name: str) -> None:
    with pytest.raises(OptionError, match=f"no photo, so {name}"):
        nst_onnx.texture(STYLE, **QUICK, **{name: None})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"size": 66, "seamless": True}, "multiples of 4 pixels"),
        ({"size": "full"}, "whose size could be full"),
        ({"size": 3000, "seamless": True, "max_memory": "512MB", "pyramid": False}, "not enough memory"),
        ({"seamless": "yes"}, "seamless"),
        ({"seamless": None}, "seamless"),
        ({"callback": 3}, "callback"),
        ({"sizes": 3}, "sizes"),
    ],
)
def test_what_makes_no_sense(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        nst_onnx.texture(STYLE, **QUICK, **options)


def test_no_style_at_all() -> None:
    with pytest.raises(NstError):
        nst_onnx.texture([], **QUICK)


def test_a_network_that_pads_by_itself(network: Network) -> None:
    model = network.extractor.proto
    copy = type(model)()
    copy.CopyFrom(model)
    copy.graph.node.insert(0, helper.make_node("Pad", [network.extractor.input, "pads"], ["padded"]))
    with pytest.raises(GraphError, match="pads by itself"):
        wrap_padding(copy)


@pytest.mark.parametrize(
    ("attributes", "padded"),
    [
        ({"auto_pad": "VALID"}, [0, 0, 0, 0]),
        ({"auto_pad": "NOTSET"}, [0, 0, 0, 0]),
        ({"auto_pad": "NOTSET", "pads": [1, 0, 2, 1]}, [1, 0, 2, 1]),
        ({"auto_pad": "SAME_UPPER"}, [1, 1, 1, 1]),
    ],
)
def test_padding_that_a_node_names(attributes: dict[str, Any], padded: list[int]) -> None:
    """Exporters write auto_pad explicitly, too; the borders are as wide as the padding, and no wider."""
    graph = helper.make_graph(
        [helper.make_node("Conv", ["picture", "weights"], ["result"], **attributes)],
        "one convolution",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, 6, 8])],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, [1, 1, "H", "W"])],
        [numpy_helper.from_array(np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(wrap_padding(model).SerializeToString())
    picture = np.random.default_rng(0).random((1, 1, 6, 8), np.float32)
    (found,) = session.run(None, {"picture": picture})
    top, left, bottom, right = padded
    wrapped = np.pad(picture[0, 0], ((top, bottom), (left, right)), mode="wrap")
    windows = np.lib.stride_tricks.sliding_window_view(wrapped, (3, 3))
    expected = (windows * np.arange(9, dtype=np.float32).reshape(3, 3)).sum((2, 3))
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-5)


class TestCommand:
    LINE = ("texture", "style.png", "--size", "32", "--steps", "4", "--model", "compact", "--device", "cpu")

    def test_it_is_what_the_library_makes(self, pair: Path, nst: Any) -> None:
        done: Outcome = nst(*self.LINE, "--seamless", "-o", "tile.png", "-q")
        assert done == (0, "", "")
        wanted = nst_onnx.texture("style.png", seamless=True, **QUICK, size=32, steps=4)
        np.testing.assert_array_equal(Image.open("tile.png"), wanted.image)
        assert (read_settings("tile.png") or {})["seamless"] is True

    def test_what_is_refused(self, pair: Path, nst: Any) -> None:
        odd: Outcome = nst(*self.LINE, "--size", "33", "--seamless", "-o", "tile.png")
        assert odd.code == 1
        assert "multiples of 4" in odd.err
        assert nst(*self.LINE, "--strength", "0.5", "-o", "tile.png").code == 2
        assert nst(*self.LINE, "-o", "style.png").code == 1
        assert not Path("tile.png").exists()
