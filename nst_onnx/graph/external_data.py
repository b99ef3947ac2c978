"""ONNX external data: large weights of a model stored in a temporary file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, numpy_helper
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from nst_onnx.errors import NstError
from nst_onnx.support.library_errors import system_reason

LARGE = 1 << 16  # bytes; tensors from this size on are stored externally
_WEIGHTS = "weights"

Folder = TemporaryDirectory[str]
"""A temporary folder, deleted with this object."""


def to_array(tensor: onnx.TensorProto) -> npt.NDArray[np.generic]:
    """Return a tensor's value, read from its file where it is external."""
    if not uses_external_data(tensor):
        return np.asarray(numpy_helper.to_array(tensor))
    # Read here, because onnx refuses absolute paths.
    dtype, info = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type), ExternalDataInfo(tensor)
    count = int(np.prod(tensor.dims, dtype=np.int64))
    return np.fromfile(info.location, dtype, count, offset=info.offset or 0).reshape(tensor.dims)


def has_external_data(model: onnx.ModelProto) -> bool:
    """Return whether some of a model's weights are external."""
    return any(uses_external_data(tensor) for tensor in model.graph.initializer)


def size(model: onnx.ModelProto) -> int:
    """Return the size of a model in bytes, external data included."""
    external = (t for t in model.graph.initializer if uses_external_data(t))
    return int(model.ByteSize() + sum(ExternalDataInfo(t).length or 0 for t in external))


def to_external(model: onnx.ModelProto) -> tuple[onnx.ModelProto, Folder]:
    """Return a copy of a model with its large weights as external data, and the folder of their file.

    The model refers to them by absolute path, so they can be read as long as the folder exists. Raises
    NstError where the file cannot be written.
    """
    graph = onnx.GraphProto(**_fields_except(model.graph, "initializer"))
    with writing_model(model.ByteSize()):
        folder = temporary_folder()
        path = Path(folder.name) / _WEIGHTS
        with path.open("wb") as file:
            for tensor in model.graph.initializer:
                if tensor.HasField("raw_data") and len(tensor.raw_data) >= LARGE:
                    graph.initializer.append(_external_tensor(tensor, path, file.tell()))
                    file.write(tensor.raw_data)
                else:
                    graph.initializer.append(tensor)
    return onnx.ModelProto(graph=graph, **_fields_except(model, "graph")), folder


def embedded(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of a model with all its weights as initializers."""
    full = onnx.ModelProto()
    full.CopyFrom(model)
    for tensor in full.graph.initializer:
        if uses_external_data(tensor):
            tensor.CopyFrom(numpy_helper.from_array(to_array(tensor), tensor.name))
    return full


def temporary_folder() -> Folder:
    """Return a new temporary folder. Its deletion ignores files that the system still has open (Windows)."""
    return TemporaryDirectory(prefix="nst-onnx-", ignore_cleanup_errors=True)


@contextmanager
def writing_model(size: int) -> Iterator[None]:
    """Raise errors of writing a model of `size` bytes to a temporary folder as NstError."""
    try:
        yield
    except OSError as error:
        reason = system_reason(error)
        raise NstError(
            f"the model cannot be written to the folder for temporary files: {reason}",
            f"set TMPDIR to a folder with room for {1 + (size >> 20)} MB",
        ) from error


def _fields_except(message: Any, left_out: str) -> dict[str, Any]:
    """Return all fields of a protobuf message but one."""
    return {field.name: value for field, value in message.ListFields() if field.name != left_out}


def _external_tensor(tensor: onnx.TensorProto, path: Path, offset: int) -> onnx.TensorProto:
    """Return a tensor whose value is in a file."""
    external = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    external.data_location = TensorProto.EXTERNAL
    for key, value in (("location", path), ("offset", offset), ("length", len(tensor.raw_data))):
        external.external_data.add(key=key, value=str(value))
    return external
