"""Weight files that refer to other files, or declare more than memory can hold."""

import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from support import caffe_files, weight_files
from support.weight_files import network, torch_state

from nst_onnx.errors import ModelError
from nst_onnx.models import readers
from nst_onnx.models.readers import size_limit

SECRET = np.arange(64, dtype=np.float32)


def external_storage(group: h5py.Group, name: str, shape: tuple[int, ...], secret: Path) -> None:
    group.create_dataset(name, shape, np.float32, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])


def external_link(group: h5py.Group, name: str, shape: tuple[int, ...], secret: Path) -> None:
    other = secret.with_suffix(".other.h5")
    with h5py.File(other, "w") as file:
        file["numbers"] = np.resize(SECRET, shape)
    group[name] = h5py.ExternalLink(str(other), "numbers")


def virtual_dataset(group: h5py.Group, name: str, shape: tuple[int, ...], secret: Path) -> None:
    other = secret.with_suffix(".other.h5")
    with h5py.File(other, "w") as file:
        file["numbers"] = np.resize(SECRET, shape)
    layout = h5py.VirtualLayout(shape, np.float32)
    layout[...] = h5py.VirtualSource(str(other), "numbers", shape)
    group.create_virtual_dataset(name, layout)


@pytest.mark.parametrize("refer", [external_storage, external_link, virtual_dataset])
@pytest.mark.parametrize("layout", ["keras", "gist", "archive"])
def test_hdf5_that_refers_to_another_file_is_refused(
    layout: str, refer: Callable[[h5py.Group, str, tuple[int, ...], Path], None], tmp_path: Path
) -> None:
    """Such a file could pass any file of the user off as a bias, and store it in the converted model."""
    net, secret = network("vgg19", published="vgg19"), tmp_path / "secret.raw"
    secret.write_bytes(np.resize(SECRET, 1 << 12).tobytes())
    if layout == "gist":
        path, bias = weight_files.write_gist(tmp_path / "net.h5", net), "layer_1/param_1"
    else:
        path, bias = weight_files.write_keras2(tmp_path / "net.h5", net), "block1_conv1/block1_conv1/bias:0"
    with h5py.File(path, "a") as file:
        name = bias if bias in file else next(b for b in _names(file) if b.endswith("bias:0"))
        shape = file[name].shape
        del file[name]
        refer(file, name, shape, secret)
        assert file[name].shape == shape  # h5py follows it
    if layout == "archive":
        with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
            archive.write(path, "model.weights.h5")
        path = tmp_path / "net.keras"
    with pytest.raises(ModelError, match=f"{path.name}: its .* another file"):
        readers.read_weights(path)


def _names(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visit(names.append)
    return names


def test_groups_that_contain_each_other_are_read(tmp_path: Path) -> None:
    """Hard links may make a circle, which HDF5's own walk enters once."""
    path = weight_files.write_keras2(tmp_path / "net.h5", network("vgg19", published="vgg19"))
    with h5py.File(path, "a") as file:
        file["circle"] = file["/"]
    assert "conv1_1" in readers.read_weights(path).layers


def npz(path: Path) -> Path:
    return weight_files.write_npz(path / "net.npz", network("vgg19", published="vgg19"))


def keras(path: Path) -> Path:
    return weight_files.write_keras2(path / "net.h5", network("vgg19", published="vgg19"))


def keras_archive(path: Path) -> Path:
    return weight_files.write_keras_archive(path / "net.keras", network("vgg19", published="vgg19"))


def pth(path: Path) -> Path:
    return weight_files.write_pth(path / "net.pth", torch_state(network("vgg19", published="vgg19")))


def matconvnet(path: Path) -> Path:
    return weight_files.write_matconvnet(path / "net.mat", network("vgg19", published="vgg19"))


def compressed_matconvnet(path: Path) -> Path:
    scipy_io = pytest.importorskip("scipy.io", reason="SciPy is not installed here")
    file = matconvnet(path)
    content = {k: v for k, v in scipy_io.loadmat(file).items() if not k.startswith("__")}
    scipy_io.savemat(file, content, do_compression=True)
    return file


@pytest.mark.parametrize("write", [npz, keras, keras_archive, pth, matconvnet, compressed_matconvnet])
def test_arrays_beyond_the_limit_are_refused(
    write: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write(tmp_path)
    readers.read_weights(path)
    monkeypatch.setattr(size_limit, "MAX_BYTES", 1000)
    with pytest.raises(ModelError, match=f"{path.name}: its arrays exceed the limit"):
        readers.read_weights(path)


def test_compressed_zeros_are_not_unpacked(tmp_path: Path) -> None:
    """A dataset that declares a terabyte takes a few kilobytes of a file."""
    path = keras(tmp_path)
    with h5py.File(path, "a") as file:
        file.create_dataset("zeros", (1 << 38,), np.float32, chunks=(1 << 16,), compression="gzip")
    assert path.stat().st_size < 10 << 20
    with pytest.raises(ModelError, match="exceed the limit of 4"):
        readers.read_weights(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_one_number_repeated_by_strides_of_zero_counts_in_full(legacy: bool, tmp_path: Path) -> None:
    state = torch_state(network("vgg19", published="vgg19", blocks=1))
    lie = {"strides": (0, 0, 1, 1), "shape": (1 << 20, 1 << 20, 3, 3)}
    path = weight_files.write_pth(tmp_path / "net.pth", state, legacy=legacy, **lie)
    with pytest.raises(ModelError, match="exceed the limit"):
        readers.read_weights(path)


class Allocating:
    """Pickles as a call of numpy.ndarray, which allocates what its arguments say."""

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return np.ndarray, ((1 << 30,), np.dtype(np.uint8))


class ListTooShort:
    """Pickles as NumPy's arrays of objects do, with too few for its shape; numpy reads on behind them."""

    def __reduce__(self) -> tuple[object, ...]:
        reconstruct, arguments, _ = np.zeros(()).__reduce__()
        return reconstruct, arguments, (1, (1 << 20,), np.dtype(object), False, [1.0])


@pytest.mark.parametrize("evil", [Allocating(), ListTooShort()])
@pytest.mark.parametrize("protocol", [2, 4])
def test_the_pickle_of_an_npy_allocates_nothing_beyond_its_file(
    protocol: int, evil: object, tmp_path: Path
) -> None:
    path = tmp_path / "evil.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(caffe_files.pickled({"conv1_1": [evil, np.zeros(1)]}, protocol))
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match=r"^evil\.npy.* damaged"):
            readers.read_weights(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


def pickle_in(path: Path, content: bytes) -> Path:
    if path.suffix == ".npy":
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
            file.write(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
    return path


@pytest.mark.parametrize("name", ["net.npy", "net.pth"])
def test_what_a_pickle_refers_to_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    content = b"\x80\x04\x8c\x03a\nb\x8c\x01c\x93."  # the class c of the module "a\nb"
    with pytest.raises(ModelError, match="its pickle refers to") as caught:
        readers.read_weights(pickle_in(tmp_path / name, content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["net.npy", "net.pth"])
def test_a_high_memo_index_allocates_nothing(name: str, tmp_path: Path) -> None:
    """Python's unpickler has a list up to the highest index."""
    content = b"\x80\x02}r" + (1 << 24).to_bytes(4, "little") + b"."  # LONG_BINPUT
    with pytest.raises(ModelError, match="memo index 16777216 after 3 operations"):
        readers.read_weights(pickle_in(tmp_path / name, content))
