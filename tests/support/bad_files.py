"""Files that are wrong in some way, as bytes: pictures, networks, archives."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import tifffile
from onnx import TensorProto, helper, numpy_helper

from support.checkout import ROOT

Files = dict[str, bytes]
"""{name: content}."""


def picture() -> bytes:
    return Path("content.png").read_bytes()


def bomb() -> bytes:
    """A few bytes of PNG that claim to be 60000×60000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99)))


def nan_tiff() -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, np.full((8, 8, 3), np.nan, np.float32), photometric="rgb")
    return file.getvalue()


def compact() -> onnx.ModelProto:
    return onnx.load(ROOT / "model" / "compact.onnx")


def with_nan() -> bytes:
    model = compact()
    kernel = numpy_helper.to_array(model.graph.initializer[0]).copy()
    kernel.flat[0] = np.nan
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(kernel, model.graph.initializer[0].name))
    return model.SerializeToString()


def foreign(operator: str = "Relu", channels: int = 3) -> bytes:
    """A network of one convolution that says nothing of its preprocessing."""
    kernel = numpy_helper.from_array(np.ones((4, channels, 3, 3), np.float32), "kernel")
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "kernel"], ["c"], pads=[1, 1, 1, 1]),
            helper.make_node(operator, ["c"], ["d"]),
            helper.make_node("Relu", ["d"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", channels, "H", "W"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4, "H", "W"])],
        [kernel],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def flat_model() -> bytes:
    """An ONNX model that takes no picture."""
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 10])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def of(**files: bytes | str) -> Callable[[], Files]:
    """Return what makes these files; a name's last underscore stands for its dot."""
    return lambda: {
        ".".join(name.rsplit("_", 1)): body.encode() if isinstance(body, str) else body
        for name, body in files.items()
    }
