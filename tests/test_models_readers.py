"""Weight files of every layout give the same network, whatever their orientation."""

import itertools
import warnings
from pathlib import Path

import numpy as np
import pytest
from support import weight_files
from support.weight_files import Network, network, torch_state
from support.weight_layouts import LAYOUTS, assert_same

from nst_onnx.models import catalogue, readers
from nst_onnx.models.kernel_layout import ModelWarning
from nst_onnx.models.metadata import CAFFE, TORCHVISION
from nst_onnx.models.weights import LICENCE


@pytest.mark.parametrize("vgg_name", ["vgg19", "vgg16"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_network(layout: str, vgg_name: str, tmp_path: Path) -> None:
    net = network(vgg_name, published=vgg_name)
    suffix, write = LAYOUTS[layout]
    weights = readers.read_weights(write(tmp_path / suffix, net))
    assert weights.name == vgg_name
    assert weights.preprocessing == CAFFE
    assert weights.licence == LICENCE
    assert_same(weights, net, tolerance=2e-6 if "normalisation" in layout else 0.0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_content_counts_not_the_suffix(layout: str, tmp_path: Path) -> None:
    net = network("vgg19", published="vgg19", blocks=2)
    _, write = LAYOUTS[layout]
    suffix, _ = LAYOUTS[layout]
    path = write(tmp_path / suffix, net).rename(tmp_path / "weights.bin")
    assert_same(readers.read_weights(path), net, tolerance=2e-6 if "normalisation" in layout else 0.0)


@pytest.mark.parametrize(
    ("flips", "transposed"), list(itertools.product(itertools.product((1, -1), repeat=3), (False, True)))
)
def test_orientation_is_detected(flips: tuple[int, int, int], transposed: bool, tmp_path: Path) -> None:
    net = network("vgg19", published="vgg19", blocks=2)
    turned: Network = {}
    for name, (kernel, bias) in net.items():
        kernel = kernel[:, :, :: flips[0], :: flips[1]]
        if name == "conv1_1":
            kernel = kernel[:, :: flips[2]]
        turned[name] = kernel.transpose(0, 1, 3, 2) if transposed else kernel, bias
    weights = readers.read_weights(weight_files.write_npz(tmp_path / "n.npz", turned))
    assert weights.preprocessing == CAFFE
    assert_same(weights, net)


@pytest.mark.parametrize("axes", list(itertools.permutations(range(4))))
def test_any_order_of_axes_is_detected(axes: tuple[int, ...], tmp_path: Path) -> None:
    net = network("vgg16", published="vgg16", blocks=3)
    np.savez(
        tmp_path / "n.npz",
        **{f"{n}/kernel": k.transpose(axes) for n, (k, _) in net.items()},
        **{f"{n}/bias": b for n, (_, b) in net.items()},
    )
    assert_same(readers.read_weights(tmp_path / "n.npz"), net)


def test_torchvision_scaling_is_detected_from_the_first_layer(tmp_path: Path) -> None:
    net = network("vgg19", published="vgg19", blocks=2)
    kernel, bias = net["conv1_1"]
    scale = 255 * np.array(TORCHVISION.std, np.float32).reshape(1, 3, 1, 1)
    folded = net | {"conv1_1": (kernel[:, ::-1] * scale, bias)}
    weights = readers.read_weights(weight_files.write_npz(tmp_path / "n.npz", folded))
    assert weights.preprocessing == TORCHVISION
    assert_same(weights, folded)


def test_float16_files_are_recognised_and_cast_to_float32(tmp_path: Path) -> None:
    net = network("vgg19", published="vgg19", blocks=1)
    half = {n: (k.astype(np.float16), b.astype(np.float16)) for n, (k, b) in net.items()}
    weights = readers.read_weights(weight_files.write_pth(tmp_path / "n.pth", torch_state(half)))
    assert weights.name == "vgg19"
    assert_same(weights, net, tolerance=2e-3)


def test_unknown_first_layer_has_its_layouts_orientation_with_a_warning(tmp_path: Path) -> None:
    net = network("vgg19")
    with pytest.warns(ModelWarning, match="none of the published"):
        weights = readers.read_weights(weight_files.write_gist(tmp_path / "mine.h5", net))
    assert (weights.name, weights.preprocessing, weights.licence) == ("mine", CAFFE, "")
    assert_same(weights, net)
    with pytest.warns(ModelWarning, match="torchvision"):
        weights = readers.read_weights(weight_files.write_pth(tmp_path / "mine.pth", torch_state(net)))
    assert weights.preprocessing == TORCHVISION
    assert_same(weights, net)


def test_a_network_of_vggs_shape_is_named_by_it(tmp_path: Path) -> None:
    net = network("vgg16", widths=(64, 128, 256, 512), blocks=4)
    with pytest.warns(ModelWarning):
        assert readers.read_weights(weight_files.write_npz(tmp_path / "n.npz", net)).name == "vgg16"


def test_mean_of_the_file_counts(tmp_path: Path) -> None:
    import scipy.io

    net = network("vgg19", published="vgg19", blocks=1)
    path = weight_files.write_matconvnet(tmp_path / "n.mat", net)
    content = scipy.io.loadmat(path, simplify_cells=True)
    content["meta"]["normalization"]["averageImage"] = np.broadcast_to([120.0, 110.0, 100.0], (4, 4, 3))
    scipy.io.savemat(path, {"layers": content["layers"], "meta": content["meta"]})
    assert readers.read_weights(path).preprocessing.mean == (100.0, 110.0, 120.0)  # BGR


def test_names_in_other_spellings(tmp_path: Path) -> None:
    net = network("vgg16", published="vgg16", blocks=2)
    frossard = {f"{n}_W": weight_files.hwio(k) for n, (k, _) in net.items()}
    frossard |= {f"{n}_b": b for n, (_, b) in net.items()} | {"fc6_W": np.zeros((4, 2))}
    np.savez(tmp_path / "a.npz", **frossard)
    assert_same(readers.read_weights(tmp_path / "a.npz"), net)
    named = {f"{n}.{p}": v for n, (k, b) in net.items() for p, v in (("weight", k), ("bias", b))}
    weight_files.write_safetensors(tmp_path / "b.safetensors", named)
    assert_same(readers.read_weights(tmp_path / "b.safetensors"), net)
    module = {f"module.{k}": v for k, v in torch_state(net).items()}
    np.savez(tmp_path / "c.npz", **module)
    assert_same(readers.read_weights(tmp_path / "c.npz"), net)


def test_torch_reads_what_we_write_and_we_read_what_torch_writes(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="compares with the real torch.save")
    net = network("vgg19", published="vgg19", blocks=2)
    state = torch_state(net)
    for legacy in (False, True):
        ours = torch.load(weight_files.write_pth(tmp_path / "o.pth", state, legacy=legacy), weights_only=True)
        assert all(np.array_equal(ours[k].numpy(), v) for k, v in state.items())
        tensors = {k: torch.nn.Parameter(torch.from_numpy(v)) for k, v in state.items()}
        kernel = tensors["features.2.weight"]
        tensors["features.2.weight"] = kernel.data.to(memory_format=torch.channels_last)  # unusual strides
        tensors["features.2.bias"] = torch.cat([torch.zeros(4), tensors["features.2.bias"].data])[
            4:
        ]  # offset
        torch.save(tensors, tmp_path / "t.pth", _use_new_zipfile_serialization=not legacy)
        assert_same(readers.read_weights(tmp_path / "t.pth"), net)


def test_the_warning_of_a_guess_names_the_options_and_their_use_silences_it(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("NST_ONNX_HOME", str(tmp_path / "home"))
    path = weight_files.write_pth(tmp_path / "tuned.pth", torch_state(network("vgg16")))
    with pytest.warns(ModelWarning, match="--channel-order, --scale, --mean and --std"):
        catalogue.add(path, name="guessed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        catalogue.add(path, name="told", preprocessing=CAFFE)
    assert catalogue.info("told").facts.preprocessing == CAFFE
