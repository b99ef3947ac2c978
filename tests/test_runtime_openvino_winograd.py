"""Winograd's convolutions against plain ones."""

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.networks import network_of, vgg_weights

from nst_onnx.api import Objective
from nst_onnx.errors import NstError
from nst_onnx.graph import Graph, gradient
from nst_onnx.models import vgg
from nst_onnx.objective.losses import style
from nst_onnx.objective.sessions import Network
from nst_onnx.runtime import Device
from nst_onnx.runtime.openvino import winograd
from nst_onnx.runtime.openvino.cleanup import remove_identities
from nst_onnx.support import disk_arrays

openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")


@pytest.fixture(autouse=True)
def narrow_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "_FEWEST_CHANNELS", 4)


def chain(widths: tuple[int, ...], shape: tuple[int, int]) -> io.BytesIO:
    """Convolutions with biases and ReLUs, a shortcut around the last, and a second output before it."""
    rng = np.random.default_rng(0)
    g = Graph()
    x = g.input("x", [1, widths[0], *shape])
    for inputs, outputs in pairwise(widths):
        w = rng.standard_normal((outputs, inputs, 3, 3)) / np.sqrt(9 * inputs)
        y = g.op("Conv", x, g.constant(w), g.constant(rng.standard_normal(outputs)), pads=[1, 1, 1, 1])
        x, before = g.op("Relu", y), x
    g.output("last", g.op("Add", x, before) if widths[-1] == widths[-2] else x)
    g.output("opposite", g.op("Neg", before))
    return io.BytesIO(g.model().SerializeToString())


@pytest.mark.parametrize("widths", [(4, 4, 4), (4, 7, 5, 8, 8), (6, 4)])
@pytest.mark.parametrize("shape", [(1, 8), (5, 12), (16, 64)])
def test_a_chain_gives_the_same(widths: tuple[int, ...], shape: tuple[int, int]) -> None:
    core, found = openvino.Core(), []
    x = np.random.default_rng(1).standard_normal((1, widths[0], *shape)).astype(np.float32)
    for rewrite in (False, True):
        model = core.read_model(chain(widths, shape))
        if rewrite:
            winograd.apply_winograd(model)
            kernels = [tuple(n.input_value(1).get_shape())[2:] for n in convolutions(model)]
            assert set(kernels) == {(3, 1)}
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        found.append([value.copy() for value in compiled([x]).values()])
    for direct, rewritten in zip(*found, strict=True):
        assert rewritten.shape == direct.shape
        assert np.abs(rewritten - direct).max() <= 1e-5 * np.abs(direct).max()


def test_kernels_are_on_disk_and_need_not_stay_in_memory() -> None:
    core, found = openvino.Core(), []
    model = core.read_model(chain((4, 8, 8), (5, 12)))
    kernels = winograd.apply_winograd(model)
    assert [kernel.shape for kernel in kernels] == [(6, 8, 4, 3, 1), (6, 8, 8, 3, 1)]
    assert all(isinstance(kernel, np.memmap) for kernel in kernels)
    places = {node.input_value(1).get_node().data.ctypes.data for node in convolutions(model)}
    assert places == {tap.ctypes.data for kernel in kernels for tap in kernel}  # not copies of them
    x = np.random.default_rng(1).standard_normal((1, 4, 5, 12)).astype(np.float32)
    for _ in range(2):
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        found.append(compiled([x])["last"].copy())
        disk_arrays.release(*kernels)  # they come back from the file where somebody looks at them again
    np.testing.assert_array_equal(*found)


def test_no_room_for_kernels_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/no such folder")
    with pytest.raises(NstError, match=r"no such file") as caught:
        winograd.apply_winograd(openvino.Core().read_model(chain((4, 4), (5, 12))))
    assert "TMPDIR" in caught.value.hint


def test_columns_are_dealt_out_without_slices() -> None:
    """OpenVINO keeps a table with the place of every number that a slice takes."""
    model = openvino.Core().read_model(chain((4, 4, 4), (5, 12)))
    winograd.apply_winograd(model)
    assert not [node for node in model.get_ordered_ops() if "Slice" in node.get_type_name()]


def with_style(depth: int, target: bool) -> io.BytesIO:
    """Convolutions and ReLUs, the Gram matrix of the last and, with a target, its features' gradient."""
    g, rng = Graph(), np.random.default_rng(0)
    x = g.input("x", [1, 4, 5, 12])
    for _ in range(depth):
        kernel = g.constant(rng.standard_normal((4, 4, 3, 3)) / 6)
        x = g.op("Relu", g.op("Conv", x, kernel, pads=[1, 1, 1, 1]))
    matrix = style.gram_by_positions(g, x)
    g.output("gram", matrix)
    if target:
        difference = g.op("Sub", matrix, g.constant(rng.standard_normal((4, 4))))
        g.infer_shapes()
        g.output("slope", gradient(g, g.op("ReduceSumSquare", difference, keepdims=0), "x"))
    return io.BytesIO(g.model().SerializeToString())


@pytest.mark.parametrize("target", [False, True])
def test_gram_matrices_are_summed_in_phases(target: bool) -> None:
    """All that is converted is what the first convolution reads and, backwards, what the last one gives."""
    core, found = openvino.Core(), []
    x = np.random.default_rng(1).standard_normal((1, 4, 5, 12)).astype(np.float32)
    for rewrite in (False, True):
        model = core.read_model(with_style(2, target))
        if rewrite:
            remove_identities(model)  # the first, as a session does
            winograd.apply_winograd(model)
            orders = [node.input_value(1).get_node().data.tolist() for node in transpositions(model)]
            assert orders.count([1, 0, 2]) == 1 + target
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        found.append([value.copy() for value in compiled([x]).values()])
    for direct, rewritten in zip(*found, strict=True):
        np.testing.assert_allclose(rewritten, direct, rtol=1e-4, atol=1e-5 * np.abs(direct).max())


@pytest.mark.parametrize(
    ("matrix", "shape"),
    [((4, 4), [1, 4, 16, 4]), ((4, 4), [2, 4, 8, 4]), ((4, 8), [1, 16, 8, 4]), ((2, 4, 4), [2, 8, 8, 4])],
)
def test_what_only_looks_like_a_gram_gradient_is_left_alone(
    matrix: tuple[int, ...], shape: list[int]
) -> None:
    """A product of positions × channels that is not given the features' own shape again."""
    g, rng = Graph(), np.random.default_rng(0)
    kernels = [g.constant(rng.standard_normal((4, channels, 3, 3)) / 6) for channels in (4, shape[3])]
    f = g.op("Relu", g.op("Conv", g.input("x", [1, 4, 8, 8]), kernels[0], pads=[1, 1, 1, 1]))
    rows = g.op("Reshape", g.op("Transpose", f, perm=[0, 2, 3, 1]), g.ints(-1, 4))
    product = g.op("MatMul", rows, g.constant(rng.standard_normal(matrix)))
    again = g.op("Transpose", g.op("Reshape", product, g.ints(*shape)), perm=[0, 3, 1, 2])
    g.output("y", g.op("Relu", g.op("Conv", again, kernels[1], pads=[1, 1, 1, 1])))
    same_rewritten(g, (1, 4, 8, 8))


def test_sums_that_spread_are_left_alone() -> None:
    g = Graph()
    rows = g.op("Reshape", g.input("x", [1, 4, 8, 8]), g.ints(64, 4))
    a, b = (
        g.op("Transpose", g.op("Reshape", rows, g.ints(*shape)), perm=[0, 3, 1, 2])
        for shape in ([1, 1, 64, 4], [1, 64, 1, 4])
    )
    g.output("y", g.op("Add", a, b))
    same_rewritten(g, (1, 4, 8, 8))


def same_rewritten(g: Graph, shape: tuple[int, ...]) -> None:
    """Check that what a session does to a graph changes no result."""
    core, found = openvino.Core(), []
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    for rewrite in (False, True):
        model = core.read_model(io.BytesIO(g.model().SerializeToString()))
        if rewrite:
            remove_identities(model)
            winograd.apply_winograd(model)
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        found.append(compiled([x])["y"].copy())
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-5 * np.abs(found[0]).max())


def test_what_a_gram_matrix_and_a_convolution_read_is_laid_out_once() -> None:
    """Features of a convolution that stays as it is, with a Gram matrix and another convolution on them."""
    g, rng = Graph(), np.random.default_rng(0)
    x = g.input("x", [1, 3, 5, 12])
    for inputs, outputs in ((3, 4), (4, 4)):
        kernel = g.constant(rng.standard_normal((outputs, inputs, 3, 3)) / 6)
        x = g.op("Relu", g.op("Conv", x, kernel, pads=[1, 1, 1, 1]))
        if outputs > inputs:
            g.output("gram", style.gram_by_positions(g, x))
    g.output("last", x)
    model = openvino.Core().read_model(io.BytesIO(g.model().SerializeToString()))
    winograd.apply_winograd(model)
    first = next(node for node in model.get_ordered_ops() if node.get_type_name() == "Relu")
    uses = [use.get_node().get_type_name() for use in first.output(0).get_target_inputs()]
    assert sorted(uses) == ["ShapeOf", "Transpose"]


@pytest.mark.parametrize("shape", [(8, 4), (8, 10), (3, 2)])
def test_widths_that_cannot_be_dealt_out_are_left_alone(shape: tuple[int, int]) -> None:
    model = openvino.Core().read_model(chain((4, 4, 4), shape))
    winograd.apply_winograd(model)
    assert {tuple(n.input_value(1).get_shape())[2:] for n in convolutions(model)} == {(3, 3)}


@pytest.mark.parametrize("preset", ["default", "neural-style", "gatys2015"])
def test_an_objective_and_its_gradient_are_the_same(preset: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    content, style, at = (rng.random((64, 96, 3), np.float32) for _ in range(3))
    network = network_of(vgg.build(vgg_weights()), tmp_path)
    options = {"preset": preset, "size": (96, 64)}
    wanted, gradient = Objective(content, style, model=network, **options).value_and_grad(at)
    other = Network(network.extractor, Device("openvino"), threads=1)
    loss, found = Objective(content, style, model=other, **options).value_and_grad(at)
    assert loss == pytest.approx(wanted, rel=1e-4)
    assert np.linalg.norm(found - gradient) < 1e-3 * np.linalg.norm(gradient)


def transpositions(model: object) -> list:
    return [node for node in model.get_ordered_ops() if node.get_type_name() == "Transpose"]


def convolutions(model: object) -> list:
    return [node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"]
