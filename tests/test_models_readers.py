import itertools
import os
import pickle
import sys
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
import onnxruntime
import pytest
from support import caffe_files, weight_files
from support.weight_files import Network, network, torch_state

from nst_onnx.errors import ModelError
from nst_onnx.models import catalogue, readers, vgg
from nst_onnx.models.kernel_layout import ModelWarning
from nst_onnx.models.metadata import CAFFE, TORCHVISION
from nst_onnx.models.weights import LICENCE, Weights

LAYOUTS = {
    "npz": ("net.npz", weight_files.write_npz),
    "npy": ("net.npy", caffe_files.write_npy),
    "npy of Python 2": ("net.npy", lambda p, n: caffe_files.write_npy(p, n, protocol=2)),
    "caffe": ("net.caffemodel", caffe_files.write_caffe),
    "caffe of 2014": ("net.caffemodel", lambda p, n: caffe_files.write_caffe(p, n, old=True)),
    "keras 2": ("net.h5", weight_files.write_keras2),
    "keras 2, first files": ("net.h5", lambda p, n: weight_files.write_keras2(p, n, old=True)),
    "keras 2, whole model": ("net.h5", lambda p, n: weight_files.write_keras2(p, n, root="model_weights")),
    "keras 3": ("net.weights.h5", weight_files.write_keras3),
    "keras 3, numbered only": ("net.weights.h5", lambda p, n: weight_files.write_keras3(p, n, named=False)),
    "keras 3, nested": ("net.weights.h5", lambda p, n: weight_files.write_keras3(p, n, nested=True)),
    "keras 3, archive": ("net.keras", weight_files.write_keras_archive),
    "gist": ("net.h5", weight_files.write_gist),
    "matconvnet 2014": ("net.mat", lambda p, n: weight_files.write_matconvnet(p, n, release="2014")),
    "matconvnet 2016": ("net.mat", weight_files.write_matconvnet),
    "matconvnet dag": ("net.mat", lambda p, n: weight_files.write_matconvnet(p, n, release="dag")),
    # Caffe's weights under torch's names: what neural-style-pt uses.
    "pth": ("net.pth", lambda p, n: weight_files.write_pth(p, torch_state(n))),
    "pth of 2017": ("net.pth", lambda p, n: weight_files.write_pth(p, torch_state(n), legacy=True)),
    "pth checkpoint": (
        "net.pth",
        lambda p, n: weight_files.write_pth(p, {"epoch": 3, "state_dict": torch_state(n)}),
    ),
    "pth, batch normalisation": (
        "net.pth",
        lambda p, n: weight_files.write_pth(p, torch_state(n, normalised=True)),
    ),
    "safetensors": ("net.safetensors", lambda p, n: weight_files.write_safetensors(p, torch_state(n))),
}


def assert_same(weights: Weights, net: Network, *, tolerance: float = 0.0) -> None:
    assert list(weights.layers) == list(net)
    for name, (kernel, bias) in net.items():
        np.testing.assert_allclose(weights.layers[name][0], kernel, rtol=0, atol=tolerance)
        np.testing.assert_allclose(weights.layers[name][1], bias, rtol=0, atol=tolerance)
        assert weights.layers[name][0].dtype == weights.layers[name][1].dtype == np.float32


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


# --- the published network, where it is at hand


@pytest.fixture(scope="session")
def tool():
    return weight_files.published_tool()


@pytest.fixture(scope="session")
def published(tool):
    return tool.weights()


def activations(weights: Weights) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(vgg.build(weights).SerializeToString())
    matrix, offset = weights.preprocessing.affine()
    picture = np.random.default_rng(0).random((40, 33, 3))
    network_input = (picture @ matrix.T + offset).transpose(2, 0, 1)[None].astype(np.float32)
    return session.run(None, {"image": network_input})


@pytest.fixture(scope="session")
def expected(published) -> list[np.ndarray]:
    layers = {n: (np.ascontiguousarray(k.transpose(3, 2, 0, 1)), b) for n, (k, b) in published.items()}
    return activations(Weights("vgg19", layers, CAFFE))


def worst(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    assert len(found) == len(expected)
    return max(float(np.abs(f - e).max() / np.abs(e).max()) for f, e in zip(found, expected, strict=True))


@pytest.mark.parametrize("layout", ["keras", "gist", "matconvnet", "npz", "torch"])
def test_published_network_in_every_layout(layout: str, tool, published, expected, tmp_path: Path) -> None:
    path = tmp_path / ("vgg.npz" if layout == "npz" else "vgg.bin" if layout != "matconvnet" else "vgg.mat")
    getattr(tool, layout)(path, published)
    weights = readers.read_weights(path)
    path.unlink()  # 80 MB
    assert weights.name == "vgg19"
    # torchvision's mean is half a grey level away from Caffe's.
    assert worst(activations(weights), expected) < (1e-2 if layout == "torch" else 1e-5)


@pytest.mark.parametrize("layout", ["keras", "gist", "matconvnet", "npz"])
@pytest.mark.parametrize("change", ["transposed", "channels swapped", "both", "rotated"])
def test_published_network_stored_the_other_way_round(
    layout: str, change: str, tool, published, expected, tmp_path: Path
) -> None:
    turned = {}
    for name in ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"):
        kernel, bias = published[name]
        if change in ("transposed", "both"):
            kernel = kernel.transpose(1, 0, 2, 3)
        if change in ("channels swapped", "both") and name == "conv1_1":
            kernel = kernel[:, :, ::-1]
        if change == "rotated":
            kernel = kernel[::-1, ::-1]
        turned[name] = kernel, bias
    path = tmp_path / ("vgg.npz" if layout == "npz" else "vgg.mat" if layout == "matconvnet" else "vgg.h5")
    getattr(tool, layout)(path, turned)
    assert worst(activations(readers.read_weights(path)), expected[:5]) < 1e-5


# --- files that cannot be used


def damaged(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_truncated_files_are_refused(layout: str, tmp_path: Path) -> None:
    suffix, write = LAYOUTS[layout]
    path = damaged(write(tmp_path / suffix, network("vgg19", published="vgg19")))
    with pytest.raises(ModelError, match=suffix.split(".")[0]) as caught:
        readers.read_weights(path)
    assert "\n" not in str(caught.value)


# scipy's .mat parser itself crashes on some damaged files.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if "matconvnet" not in layout])
def test_damaged_files_are_read_or_refused_in_one_line(layout: str, tmp_path: Path) -> None:
    suffix, write = LAYOUTS[layout]
    path = write(tmp_path / suffix, network("vgg19", published="vgg19", blocks=1))
    content, rng = path.read_bytes(), np.random.default_rng(5)
    messages = []
    for _ in range(30):
        changed = bytearray(content)
        for position in rng.integers(0, rng.choice([64, 1000, len(content)]), 10):
            changed[position] = rng.integers(256)
        path.write_bytes(changed)
        try:
            readers.read_weights(path)
        except ModelError as error:
            messages.append(str(error))
    assert messages
    assert all(path.name in message and message.isprintable() for message in messages)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(layout: str, value: float, tmp_path: Path) -> None:
    net = network("vgg19", published="vgg19", blocks=2)
    net["conv2_1"][0][1, 2, 0, 1] = value
    suffix, write = LAYOUTS[layout]
    with pytest.raises(ModelError, match=r"conv2_1 hold NaN or infinity"):
        readers.read_weights(write(tmp_path / suffix, net))


@pytest.mark.parametrize("layout", ["npz", "keras 2", "keras 3", "matconvnet 2016"])
def test_missing_layers_are_named(layout: str, tmp_path: Path) -> None:
    net = network("vgg19", published="vgg19")
    del net["conv2_2"], net["conv3_4"]
    suffix, write = LAYOUTS[layout]
    with pytest.raises(ModelError, match="conv2_2, conv3_4 missing"):
        readers.read_weights(write(tmp_path / suffix, net))


def test_layers_that_do_not_fit_are_named(tmp_path: Path) -> None:
    net = network("vgg19", published="vgg19", blocks=2)
    kernel, bias = net["conv2_1"]
    path = weight_files.write_npz(tmp_path / "n.npz", net | {"conv2_1": (kernel[:, :-1], bias)})
    with pytest.raises(ModelError, match="conv2_1 has 4 input channels instead of 5"):
        readers.read_weights(path)
    path = weight_files.write_npz(tmp_path / "n.npz", net | {"conv2_1": (kernel, bias[:-1])})
    with pytest.raises(ModelError, match="conv2_1 has 5 biases for 6 filters"):
        readers.read_weights(path)


def test_other_networks_are_refused_with_the_reason(tmp_path: Path) -> None:
    resnet = {"conv1.weight": np.zeros((8, 3, 7, 7), np.float32), "fc.weight": np.zeros((4, 2), np.float32)}
    alexnet = {f"features.{i}.weight": np.zeros((4, 3, 3, 3), np.float32) for i in (0, 3, 6, 8, 10)}
    with pytest.raises(ModelError, match=r"no convolution is named like features\.0\.weight"):
        readers.read_weights(weight_files.write_pth(tmp_path / "resnet.pth", resnet))
    with pytest.raises(ModelError, match="convolutions are numbered 0, 3, 6, 8, 10"):
        readers.read_weights(weight_files.write_pth(tmp_path / "alexnet.pth", alexnet))
    np.savez(tmp_path / "x.npz", mean=np.zeros(3))
    with pytest.raises(ModelError, match="no array is named like conv1_1/kernel"):
        readers.read_weights(tmp_path / "x.npz")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["dense/kernel:0"] = np.zeros((2, 2))
    with pytest.raises(ModelError, match="no layer is named like block1_conv1"):
        readers.read_weights(tmp_path / "x.h5")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.h5", b"", "is empty"),
        ("text.npz", b"hello", "no weight file"),
        ("page.h5", b"<!DOCTYPE html><html>", "is a web page"),
        ("pointer.pth", b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        ("zip.keras", b"PK\x05\x06" + bytes(18), "no weight file"),
        ("new.mat", b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM" + bytes(900), "7.3"),
        ("old.mat", b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"\xff" * 64, "damaged"),
        ("x.safetensors", (50).to_bytes(8, "little") + b'{"a": nonsense' + bytes(60), "damaged"),
    ],
)
def test_what_is_no_weight_file(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        readers.read_weights(tmp_path / name)
    assert name in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        readers.read_weights(tmp_path / "no.h5")
    with pytest.raises(ModelError, match="is a folder"):
        readers.read_weights(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files(tmp_path: Path) -> None:
    path = weight_files.write_npz(tmp_path / "n.npz", network(blocks=1))
    path.chmod(0)
    with pytest.raises(ModelError, match="cannot be read"):
        readers.read_weights(path)


# --- pickles that do more than describe tensors


class Malicious:
    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("legacy", [False, True])
def test_pickles_cannot_run_anything(legacy: bool, tmp_path: Path) -> None:
    content = pickle.dumps({"features.0.weight": Malicious(tmp_path / "pwned")}, 2)
    path = tmp_path / "evil.pth"
    if legacy:
        headers = [pickle.dumps(h, 2) for h in (0x1950A86A20F9469CFC6C, 1001, {})]
        path.write_bytes(b"".join([*headers, content, pickle.dumps([], 2)]))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
    with pytest.raises(ModelError, match=r"evil.pth: its pickle refers to '(posix|nt)\.mkdir"):
        readers.read_weights(path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("protocol", [2, 4])
def test_the_pickle_of_an_npy_cannot_run_anything(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "evil.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(caffe_files.pickled({"conv1_1": Malicious(tmp_path / "pwned")}, protocol))
    with pytest.raises(ModelError, match=r"evil.npy: its pickle refers to '(posix|nt)\.mkdir"):
        readers.read_weights(path)
    assert not (tmp_path / "pwned").exists()


def test_an_npy_of_one_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 3)))
    with pytest.raises(ModelError, match="one NumPy array of shape"):
        readers.read_weights(tmp_path / "a.npy")


def test_caffes_networks_of_other_shapes_are_refused_with_the_names_of_their_layers(tmp_path: Path) -> None:
    net = {name.replace("conv", "res"): pair for name, pair in network("vgg19", blocks=1).items()}
    path = caffe_files.write_caffe(tmp_path / "n.caffemodel", net)
    with pytest.raises(ModelError, match="no layer with weights is named like conv1_1") as caught:
        readers.read_weights(path)
    assert "res1_1" in caught.value.hint


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


@pytest.mark.parametrize("strides", [(10**9, 9, 3, 1), (27, 9, 3, -1), (27, 9, 3)])
@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_cannot_reach_beyond_their_storage(strides, legacy: bool, tmp_path: Path) -> None:
    state = torch_state(network("vgg19", published="vgg19", blocks=1))
    path = weight_files.write_pth(tmp_path / "n.pth", state, legacy=legacy, strides=strides)
    with pytest.raises(ModelError, match="damaged: a tensor"):
        readers.read_weights(path)


@pytest.mark.parametrize(
    ("layout", "library"), [("matconvnet 2016", "scipy"), ("safetensors", "safetensors")]
)
def test_missing_library_names_the_extra(layout: str, library: str, monkeypatch, tmp_path: Path) -> None:
    suffix, write = LAYOUTS[layout]
    path = write(tmp_path / suffix, network("vgg19", published="vgg19", blocks=1))
    for module in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModelError, match=library) as caught:
        readers.read_weights(path)
    assert 'pip install "nst-onnx[weights]"' in caught.value.hint
