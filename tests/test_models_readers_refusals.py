"""Weight files that are refused: damaged, incomplete, of other networks, or no weight files at all."""

import os
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from support import caffe_files, weight_files
from support.weight_files import network
from support.weight_layouts import LAYOUTS

from nst_onnx.errors import ModelError
from nst_onnx.models import readers


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
