"""Caffe's weight files in protobuf's wire format, written byte by byte, and NumPy's dictionaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from support.weight_files import Network, hwio


def varint(number: int) -> bytes:
    out = b""
    while True:
        number, low = number >> 7, number & 127
        out += bytes([low | (128 if number else 0)])
        if not number:
            return out


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def blob(array: np.ndarray, *, old: bool) -> bytes:
    """A blob with its shape as a list of lengths, or as four numbers, as before 2014."""
    if old:
        lengths = (1,) * (4 - array.ndim) + array.shape
        shape = b"".join(varint(n << 3) + varint(d) for n, d in zip((1, 2, 3, 4), lengths, strict=True))
    else:
        shape = field(7, field(1, b"".join(map(varint, array.shape))))
    return shape + field(5, array.astype("<f4").tobytes())


def write_caffe(path: Path, net: Network, *, old: bool = False) -> Path:
    content = field(1, b"VGG_ILSVRC")
    if not old:
        content += field(3, b"data") + b"".join(varint(4 << 3) + varint(n) for n in (1, 3, 224, 224))
    layers = [(name, [kernel, bias]) for name, (kernel, bias) in net.items()]
    for name, arrays in [*layers, ("relu1_1", []), ("fc6", [np.ones((4, 8)), np.ones(4)])]:
        blobs = b"".join(field(6 if old else 7, blob(array, old=old)) for array in arrays)
        if old:
            content += field(2, field(4, name.encode()) + varint(5 << 3) + varint(4) + blobs)
        else:
            content += field(100, field(1, name.encode()) + field(2, b"Convolution") + blobs)
    path.write_bytes(content)
    return path


def write_npy(path: Path, net: Network, *, protocol: int = 4) -> Path:
    """As tensorflow-vgg's: a dictionary from names to kernel and bias, in an array without axes."""
    weights = {name: [hwio(kernel), bias] for name, (kernel, bias) in net.items()}
    weights["fc6"] = [np.ones((8, 4), np.float32), np.ones(4, np.float32)]
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(pickled(weights, protocol))
    return path


def pickled(content: object, protocol: int) -> bytes:
    import pickle

    return pickle.dumps(np.array(content, dtype=object), protocol)
