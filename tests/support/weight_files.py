"""Weight files of VGG-shaped networks for tests: made small, or cut from the published network."""

from __future__ import annotations

import importlib.util
import io
import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
import pytest

from nst_onnx.models import kernel_layout
from nst_onnx.models.weights import DEPTHS, layer_names
from support.checkout import ROOT

SHARED = ROOT.parent / "shared"
NARROW = (5, 6, 7, 8, 8)
Network = dict[str, tuple[np.ndarray, np.ndarray]]  # kernels O×I×H×W for BGR 0..255


def network(vgg: str = "vgg19", *, published: str | None = None, widths=NARROW, blocks: int = 5) -> Network:
    """A random network of VGG's depth; its first filter carries the fingerprint of `published`."""
    rng = np.random.default_rng(19)
    layers: Network = {}
    channels = 3
    for block, depth in enumerate(DEPTHS[vgg][:blocks]):
        for _ in range(depth):
            name = layer_names(DEPTHS[vgg])[len(layers)]
            width = widths[block]
            kernel = rng.standard_normal((width, channels, 3, 3), np.float32) * np.float32(
                np.sqrt(2 / 9 / channels)
            )
            layers[name] = kernel, rng.standard_normal(width, np.float32)
            channels = width
    if published is not None:
        known = kernel_layout._PUBLISHED[published]
        kernel, bias = layers["conv1_1"]
        kernel[0, 0] = known.blue
        kernel[0, 1:, 0, 0] = known.green, known.red
        bias[0] = known.bias
    return layers


def block_name(name: str) -> str:
    return name.replace("conv", "block").replace("_", "_conv")


def hwio(kernel: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0))


def write_npz(path: Path, net: Network) -> Path:
    arrays = {f"{n}/kernel": hwio(k) for n, (k, _) in net.items()} | {
        f"{n}/bias": b for n, (_, b) in net.items()
    }
    np.savez(path, **arrays)
    return path


def write_keras2(path: Path, net: Network, *, root: str = "", old: bool = False) -> Path:
    """Keras 2's HDF5; `old` spells keys as Keras Applications' first files, `root` as whole saved models."""
    with h5py.File(path, "w") as file:
        top = file.create_group(root) if root else file
        top.attrs["layer_names"] = [block_name(n).encode() for n in net]
        for name, (kernel, bias) in net.items():
            layer = block_name(name)
            group = top.create_group(layer)
            keys = (f"{layer}_W_1:0", f"{layer}_b_1:0") if old else (f"{layer}/kernel:0", f"{layer}/bias:0")
            group.attrs["weight_names"] = [key.encode() for key in keys]
            group[keys[0]], group[keys[1]] = hwio(kernel), bias
        top.create_group("fc1/fc1")["kernel:0"] = np.zeros((4, 2), np.float32)
        file.create_group("optimizer_weights/block1_conv1")["kernel:0"] = np.zeros((3, 3, 3, 5), np.float32)
    return path


def write_keras3(path, net: Network, *, nested: bool = False, named: bool = True):
    """Keras 3's .weights.h5: layers are numbered by class, and named in an attribute by newer versions."""
    with h5py.File(path, "w") as file:
        top = file.create_group("layers/functional") if nested else file
        for i, (name, (kernel, bias)) in enumerate(net.items()):
            group = top.create_group(f"layers/conv2d{f'_{i}' if i else ''}/vars")
            if named:
                group.attrs["name"] = block_name(name)
            group["0"], group["1"] = hwio(kernel), bias
        top.create_group("layers/input_layer/vars")
        top.create_group("layers/dense/vars")["0"] = np.zeros((4, 2), np.float32)
    return path


def write_keras_archive(path: Path, net: Network) -> Path:
    weights = io.BytesIO()
    write_keras3(weights, net, named=False)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.4.1"}))
        archive.writestr("config.json", json.dumps({"class_name": "Functional"}))
        archive.writestr("model.weights.h5", weights.getvalue())
    return path


def write_gist(path: Path, net: Network) -> Path:
    """Keras 1, Theano: layers numbered with padding and pooling between, kernels rotated by 180°."""
    with h5py.File(path, "w") as file:
        number = 0
        for kernel, bias in net.values():
            file.create_group(f"layer_{number}").attrs["nb_params"] = 0
            group = file.create_group(f"layer_{number + 1}")
            group["param_0"], group["param_1"] = kernel[:, :, ::-1, ::-1], bias
            number += 2
        file.create_group(f"layer_{number}")["param_0"] = np.zeros((4, 2), np.float32)
    return path


def write_matconvnet(path: Path, net: Network, *, release: str = "2016") -> Path:
    """MatConvNet as its releases wrote it: "2014" (filters), "2016" (weights, meta), "dag" (params)."""
    import scipy.io

    def rgb(name: str, kernel: np.ndarray) -> np.ndarray:
        return hwio(kernel[:, ::-1] if name == "conv1_1" else kernel)

    mean = np.array([123.68, 116.779, 103.939])
    if release == "dag":
        params = np.array(
            [
                entry
                for n, (k, b) in net.items()
                for entry in ({"name": f"{n}f", "value": rgb(n, k)}, {"name": f"{n}b", "value": b})
            ],
            object,
        )
        scipy.io.savemat(
            path, {"params": params, "meta": {"normalization": {"averageImage": mean.reshape(1, 1, 3)}}}
        )
        return path
    cells = []
    for name, (kernel, bias) in net.items():
        cell: dict[str, object] = {"name": name, "type": "conv", "stride": np.ones((1, 2))}
        if release == "2014":
            cell |= {"filters": rgb(name, kernel), "biases": bias.reshape(1, -1)}
        else:
            pair = np.empty((1, 2), object)
            pair[0, 0], pair[0, 1] = rgb(name, kernel), bias.reshape(-1, 1)
            cell["weights"] = pair
        cells += [cell, {"name": name.replace("conv", "relu"), "type": "relu"}]
    cells.append(
        {"name": "fc6", "type": "conv", "filters": np.zeros((7, 7, 8, 4), np.float32), "biases": np.zeros(4)}
    )
    layers = np.empty((1, len(cells)), object)
    layers[0] = cells
    picture = np.broadcast_to(mean, (8, 8, 3))
    where = {"normalization": {"averageImage": picture}}
    scipy.io.savemat(path, {"layers": layers} | (where if release == "2014" else {"meta": where}))
    return path


def torch_state(net: Network, *, normalised: bool = False) -> dict[str, np.ndarray]:
    """torchvision's names; `normalised` writes each convolution as one with a BatchNorm2d behind it."""
    rng = np.random.default_rng(7)
    state: dict[str, np.ndarray] = {}
    index, block = 0, "1"
    for name, (kernel, bias) in net.items():
        if name[4] != block:
            index, block = index + 1, name[4]
        if normalised:
            width = len(bias)
            gain, shift = (
                rng.uniform(0.5, 2, width).astype(np.float32),
                rng.standard_normal(width, np.float32),
            )
            mean, variance = (
                rng.standard_normal(width, np.float32),
                rng.uniform(0.5, 2, width).astype(np.float32),
            )
            scale = gain / np.sqrt(variance + np.float32(1e-5))
            kernel, bias = kernel / scale[:, None, None, None], (bias - shift) / scale + mean
            names = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
            values = (gain, shift, mean, variance, np.array(3))
            state |= {f"features.{index + 1}.{n}": v for n, v in zip(names, values, strict=True)}
        state |= {f"features.{index}.weight": kernel, f"features.{index}.bias": bias}
        index += 3 if normalised else 2
    return {k: np.ascontiguousarray(v) for k, v in state.items()} | {
        "classifier.0.weight": np.zeros((4, 2), np.float32)
    }


def write_safetensors(path: Path, state: dict[str, np.ndarray]) -> Path:
    from safetensors.numpy import save_file

    save_file(state, path)
    return path


class Global:
    """A name that a pickle asks for, without importing what it names."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self) -> None:
        raise AssertionError("only its name is written")


class _Laid:
    def __init__(self, key: str, array: np.ndarray, strides: tuple[int, ...] | None) -> None:
        self.key, self.array = key, array
        self.strides = strides or tuple(s // array.itemsize for s in array.strides)


_STORAGES = {"f": {2: "HalfStorage", 4: "FloatStorage", 8: "DoubleStorage"}, "i": {8: "LongStorage"}}


class _TorchPickler(pickle._Pickler):
    """Writes pickles as torch.save does, with tensors as references to storages."""

    dispatch = dict(pickle._Pickler.dispatch)  # noqa: RUF012

    def __init__(self, file, *, legacy: bool) -> None:
        super().__init__(file, 2)
        self.legacy = legacy

    def save_global_name(self, item: Global) -> None:
        self.write(f"c{item.module}\n{item.name}\n".encode())

    dispatch[Global] = save_global_name

    def save_laid(self, item: _Laid) -> None:
        array = item.array
        kind = Global("torch", _STORAGES[array.dtype.kind][array.itemsize])
        storage = _Persistent(
            ("storage", kind, item.key, "cpu", array.size) + ((None,) if self.legacy else ())
        )
        arguments = (storage, 0, array.shape, item.strides, False, OrderedDict())
        self.save_reduce(Global("torch._utils", "_rebuild_tensor_v2"), arguments)

    dispatch[_Laid] = save_laid

    def persistent_id(self, item):
        return item.pid if isinstance(item, _Persistent) else None


class _Persistent:
    def __init__(self, pid: tuple) -> None:
        self.pid = pid


def write_pth(path: Path, content: dict, *, legacy: bool = False, strides=None) -> Path:
    """torch.save without torch: today's zip, or the stream of 2017. `strides`: a lie about the first."""
    arrays: dict[str, np.ndarray] = {}

    def laid(value):
        if isinstance(value, dict):
            return OrderedDict((key, laid(item)) for key, item in value.items())
        if not isinstance(value, np.ndarray):
            return value
        key = str(len(arrays))
        arrays[key] = np.ascontiguousarray(value)
        return _Laid(key, arrays[key], strides if key == "0" else None)

    described = laid(content)
    stream = io.BytesIO()
    if legacy:
        for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(header, stream, 2)
    _TorchPickler(stream, legacy=legacy).dump(described)
    if legacy:
        pickle.dump(list(arrays), stream, 2)
        for array in arrays.values():
            stream.write(struct.pack("<q", array.size) + array.tobytes())
        path.write_bytes(stream.getvalue())
        return path
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", stream.getvalue())
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
        for key, array in arrays.items():
            archive.writestr(f"archive/data/{key}", array.tobytes())
    return path


def published_tool() -> ModuleType:
    """The project's tool that writes VGG-19 in published layouts, or a skip where it is not at hand."""
    path = SHARED / "tools" / "make_vgg19_weights.py"
    if not path.is_file() or not (SHARED / "weights" / "vgg19_blocks1-3.npz").is_file():
        pytest.skip("the published weights are not beside this checkout (../shared)")
    spec = importlib.util.spec_from_file_location("make_vgg19_weights", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
