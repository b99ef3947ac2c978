"""Reader of MatConvNet's ``imagenet-vgg-verydeep-*.mat``, of any of its releases."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nst_onnx.errors import ModelError
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.layer_names import canonical
from nst_onnx.models.metadata import Preprocessing
from nst_onnx.models.readers import size_limit
from nst_onnx.models.weights import network_order

_USUAL = Preprocessing("RGB", 255.0, (123.68, 116.779, 103.939))
_HEADER = 128  # bytes of a MAT file before its elements; the last two say the byte order
_COMPRESSED = 15  # miCOMPRESSED ("MAT-File Format", table 1-1)
_CHUNK = 1 << 20


def sniff(path: Path) -> bool:
    """Return whether the file is MATLAB's."""
    with path.open("rb") as file:
        return file.read(7) == b"MATLAB "


def read(path: Path) -> StoredWeights:
    """Read the convolutions and the mean picture.

    Releases differ: kernels and biases are in a layer's ``weights`` or, before 2015, in ``filters`` and
    ``biases``; the mean is ``averageImage`` of ``normalization``, on its own or under ``meta``, and a
    picture or one colour; a DagNN has ``params`` named conv1_1f and conv1_1b; all of it may be under ``net``.
    """
    import scipy.io

    size_limit.check_total(_sizes(path))
    try:
        content = scipy.io.loadmat(path, simplify_cells=True)
    except NotImplementedError as error:
        raise ModelError(
            f"{path.name} is a MATLAB 7.3 file, which cannot be read", "save it in MATLAB with '-v7'"
        ) from error
    net = content.get("net", content)
    parameters = _of_layers(net) if "params" not in net else _of_dag(net)
    layers = {name: parameters[name] for name in network_order(parameters)}
    if not layers:
        raise ModelError(
            f"{path.name} has no VGG weights: no layer is a convolution named like conv1_1",
            f"it has {', '.join(k for k in content if not k.startswith('__')) or 'nothing'}",
        )
    return StoredWeights(layers, "HWIO", _USUAL, "MatConvNet", mean=_mean(net))


def _sizes(path: Path) -> Iterator[int]:
    """Yield the decompressed size of each element of a MAT file."""
    with path.open("rb") as file:
        order = "<" if file.read(_HEADER)[-2:] == b"IM" else ">"
        while len(tag := file.read(8)) == 8:
            kind, size = struct.unpack(f"{order}II", tag)
            if kind != _COMPRESSED:
                yield size
                file.seek(size, 1)
                continue
            inflate, end = zlib.decompressobj(), file.tell() + size
            while data := file.read(min(_CHUNK, end - file.tell())):
                while data:
                    yield len(inflate.decompress(data, _CHUNK))
                    data = inflate.unconsumed_tail


def _of_layers(net: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    found = {}
    for layer in _list(net.get("layers", ())):
        if not isinstance(layer, dict) or layer.get("type") != "conv":
            continue
        kernel, bias = layer.get("weights", (layer.get("filters"), layer.get("biases")))
        found[canonical(str(layer.get("name")))] = np.asarray(kernel), np.atleast_1d(bias)
    return found


def _of_dag(net: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    values = {str(p.get("name")): p.get("value") for p in _list(net["params"])}
    return {
        canonical(name[:-1]): (np.asarray(value), np.atleast_1d(values[f"{name[:-1]}b"]))
        for name, value in values.items()
        if name.endswith("f") and f"{name[:-1]}b" in values
    }


def _list(cells: Any) -> list[Any]:
    """Return a cell array as a list; scipy returns a cell with one member as the member."""
    return list(cells) if isinstance(cells, list | tuple | np.ndarray) else [cells]


def _mean(net: Mapping[str, Any]) -> tuple[float, float, float] | None:
    for place in (net.get("meta", {}), net):
        picture = place.get("normalization", {}).get("averageImage") if isinstance(place, dict) else None
        if picture is not None and np.shape(picture)[-1:] == (3,):
            red, green, blue = np.asarray(picture, np.float64).reshape(-1, 3).mean(0)
            return float(red), float(green), float(blue)
    return None
