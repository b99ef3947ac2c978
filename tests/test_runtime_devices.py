"""Devices by name, and the same objective on each of them that is here."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from support.networks import network_of, vgg_weights

from nst_onnx.api import Objective
from nst_onnx.errors import DeviceError, PictureError
from nst_onnx.models import vgg
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.runtime import Device, available, choose
from nst_onnx.runtime.onnxruntime_session import providers
from nst_onnx.runtime.openvino.session import has_bf16

needs_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")


@pytest.mark.parametrize(
    "device",
    [
        Device("cpu"),
        Device("openvino"),
        Device("openvino", precision="bf16"),
        Device("cuda", 2),
        Device("cuda", 1, "tf32"),
        Device("cuda", 0, "fp16"),
        Device("cuda", 0, "fp16", nhwc=True, graph=True),
        Device("cuda", 3, graph=True),
    ],
    ids=str,
)
def test_a_devices_text_names_it(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst_onnx.runtime.devices._is_here", lambda kind: True)
    assert choose(str(device)) == device


@pytest.mark.parametrize(
    ("device", "asked"),
    [
        (Device("cuda"), {"device_id": "0", "use_tf32": "0"}),
        (Device("cuda", 1, "tf32"), {"device_id": "1", "use_tf32": "1"}),
        (Device("cuda", 0, "fp16", nhwc=True), {"device_id": "0", "use_tf32": "1", "prefer_nhwc": "1"}),
        (Device("cuda", graph=True), {"device_id": "0", "use_tf32": "0", "enable_cuda_graph": "1"}),
    ],
    ids=str,
)
def test_what_cuda_is_asked_for(device: Device, asked: dict[str, str]) -> None:
    assert providers(device) == [("CUDAExecutionProvider", asked), "CPUExecutionProvider"]


@pytest.mark.parametrize(
    "name",
    [
        "gpu",
        "cpu:0",
        "cpu:bf16",
        "openvino:1",
        "openvino:tf32",
        "cuda:x",
        "cuda:0:bf16",
        "cpu:fp16",
        "cuda:0:tf32:1",
        "cuda:graph:graph",
        "cuda:graph:tf32",
        "openvino:nhwc",
        ":",
    ],
)
def test_what_is_no_device_is_said(name: str) -> None:
    with pytest.raises(DeviceError, match="there is no device"):
        choose(name)


def test_a_device_that_is_not_here_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst_onnx.runtime.devices._is_here", lambda kind: False)
    for name in ("cuda:0", "openvino"):
        with pytest.raises(DeviceError, match="cannot be used here") as caught:
            choose(name)
        assert "pip install" in caught.value.hint


def test_the_environment_names_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NST_ONNX_DEVICE", "cpu")
    assert choose() == choose("cpu") == Device("cpu")
    monkeypatch.setenv("NST_ONNX_DEVICE", "abacus")
    with pytest.raises(DeviceError, match="NST_ONNX_DEVICE"):
        choose()
    assert choose("cpu") == Device("cpu")
    monkeypatch.delenv("NST_ONNX_DEVICE")
    assert choose() == choose("auto")


def test_auto_takes_the_best_there_is_but_no_approximation_for_what_is_exact() -> None:
    assert choose("auto").kind == available()[0]
    exact = choose("auto", exact=True)
    assert exact.precision == "fp32"
    assert exact.kind != "openvino"


@needs_openvino
@pytest.mark.parametrize("shape", [(72, 96), (61, 83)])
def test_openvino_computes_the_same_objective(shape: tuple[int, int], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    content, style, at = (rng.random((*shape, 3), np.float32) for _ in range(3))
    network = network_of(vgg.build(vgg_weights()), tmp_path)
    wanted = Objective(content, style, model=network, size=shape[::-1]).value_and_grad(at)
    for name in ["openvino", *(["openvino:bf16"] if has_bf16() else [])]:
        other = Network(network.extractor, choose(name), threads=1)
        loss, gradient = Objective(content, style, model=other, size=shape[::-1]).value_and_grad(at)
        exact = other.device.precision == "fp32"
        assert loss == pytest.approx(wanted[0], rel=1e-4 if exact else 0.02)
        assert along(gradient, wanted[1]) > (1 - 1e-6 if exact else 0.95)


def along(a: np.ndarray, b: np.ndarray) -> float:
    """The cosine of the angle between two gradients."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b)))


@needs_openvino
def test_openvino_paints_the_same_picture_twice_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    content, style = rng.random((48, 64, 3), np.float32), rng.random((40, 40, 3), np.float32)
    network = network_of(vgg.build(vgg_weights()), tmp_path)
    painted = [
        Stylizer(Network(network.extractor, Device("openvino"), threads=2)).stylize(
            content, style, size=64, steps=6
        )
        for _ in range(2)
    ]
    assert np.array_equal(painted[0].array, painted[1].array)
    assert painted[0].settings["device"] == "openvino"


@needs_openvino
def test_openvino_says_what_is_too_small(tmp_path: Path) -> None:
    network = network_of(vgg.build(vgg_weights()), tmp_path)
    stylizer = Stylizer(Network(network.extractor, Device("openvino"), threads=1), device="openvino")
    tiny = np.zeros((9, 9, 3), np.float32)
    with pytest.raises(PictureError, match="too small"):
        stylizer.stylize(tiny, tiny, preset="gatys2015", size=9, steps=1)
