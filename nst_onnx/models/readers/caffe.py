"""Reader of Caffe's ``.caffemodel``: a NetParameter in protobuf's format, of either generation of layers."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import ModelError
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.layer_names import canonical
from nst_onnx.models.metadata import CAFFE
from nst_onnx.models.readers import size_limit

_LENGTH_DELIMITED, _VARINT = 2, 0  # wire types
_NAME, _OLD_LAYER, _LAYER = 1, 2, 100  # fields of NetParameter
_BEFORE_LAYERS = {
    3: _LENGTH_DELIMITED,
    4: _VARINT,
    5: _VARINT,
    6: _LENGTH_DELIMITED,
    7: _VARINT,
    8: _LENGTH_DELIMITED,
}
_LONGEST_NAME = 4096

# The fields of caffe.proto that weights need: (name, number, type, whether repeated). Layers' blobs and their
# data are read as bytes, which are length-delimited like them: a classifier's 500 MB are never converted.
_MESSAGES = {
    "Net": [("layers", _OLD_LAYER, "OldLayer", True), ("layer", _LAYER, "Layer", True)],
    "OldLayer": [("name", 4, "string", False), ("blobs", 6, "bytes", True)],
    "Layer": [("name", 1, "string", False), ("blobs", 7, "bytes", True)],
    "Blob": [
        *(
            (axis, number, "int32", False)
            for number, axis in enumerate(("num", "channels", "height", "width"), 1)
        ),
        ("data", 5, "bytes", False),
        ("shape", 7, "BlobShape", False),
        ("double_data", 8, "bytes", False),
    ],
    "BlobShape": [("dim", 1, "int64", True)],
}


def sniff(path: Path) -> bool:
    """Return whether the file begins as a NetParameter: a name, and layers that end within the file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        named = False
        while file.tell() < size:
            tag = _varint(file)
            if tag is None:
                return False
            number, wire = tag >> 3, tag & 7
            length = _varint(file)
            if length is None:
                return False
            inside = file.tell() + length <= size
            if number in (_OLD_LAYER, _LAYER):
                return named and wire == _LENGTH_DELIMITED and inside and length > 0
            if number == _NAME and wire == _LENGTH_DELIMITED and length <= _LONGEST_NAME:
                named = file.read(length).isascii()
            elif _BEFORE_LAYERS.get(number) == wire == _LENGTH_DELIMITED and inside:
                file.seek(length, os.SEEK_CUR)
            elif _BEFORE_LAYERS.get(number) != wire or wire != _VARINT:
                return False
    return False


def read(path: Path) -> StoredWeights:
    """Read the convolutions ``conv1_1`` …: kernels O×I×H×W for BGR in 0..255, and biases."""
    size_limit.check_total([path.stat().st_size])
    net = _classes()["Net"].FromString(path.read_bytes())
    layers = {}
    for layer in (*net.layers, *net.layer):
        if len(layer.blobs) == 2 and canonical(layer.name).startswith("conv"):
            kernel, bias = (_array(blob, layer.name) for blob in layer.blobs)
            layers[canonical(layer.name)] = kernel, bias.reshape(-1)
    if not layers:
        names = [layer.name for layer in (*net.layers, *net.layer) if layer.blobs]
        raise ModelError(
            f"{path.name} has no VGG weights: no layer with weights is named like conv1_1",
            f"it has {', '.join(names[:6]) or 'no weights'}",
        )
    return StoredWeights(layers, "OIHW", CAFFE, "Caffe")


def _array(data: bytes, name: str) -> npt.NDArray[np.generic]:
    """Return a blob as an array."""
    blob = _classes()["Blob"].FromString(data)
    values: npt.NDArray[np.generic] = (
        np.frombuffer(blob.data, "<f4") if blob.data else np.frombuffer(blob.double_data, "<f8")
    )
    shape = tuple(blob.shape.dim) or (blob.num, blob.channels, blob.height, blob.width)
    if values.size != np.prod(shape, dtype=np.int64) or min(shape) < 1:
        raise ModelError(
            f"its layer {name} has {values.size} numbers for the shape {'×'.join(map(str, shape))}"
        )
    return values.reshape(shape)


def _varint(file: BinaryIO) -> int | None:
    """Read a whole number of protobuf's format; None where there is none."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
    return None


@cache
def _classes() -> dict[str, Any]:
    """Return protobuf's classes of `_MESSAGES`."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # onnx depends on it

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="nst_onnx/caffe.proto", package="nst_onnx.caffe")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, number, kind, repeated in fields:
            label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if kind in _MESSAGES:
                described.field.add(
                    name=name,
                    number=number,
                    label=label,
                    type=field.TYPE_MESSAGE,
                    type_name=f".nst_onnx.caffe.{kind}",
                )
            else:
                described.field.add(
                    name=name, number=number, label=label, type=getattr(field, f"TYPE_{kind.upper()}")
                )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"nst_onnx.caffe.{name}"))
        for name in _MESSAGES
    }
