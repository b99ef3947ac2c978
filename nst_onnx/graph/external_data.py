"""ONNX's external data: large weights in a temporary file, which a graph names and does not hold."""

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

LARGE = 1 << 16  # bytes from which on a tensor is kept apart
_WEIGHTS = "weights"

Folder = TemporaryDirectory[str]
"""A folder for temporary files; gone when this object is."""


def array(tensor: onnx.TensorProto) -> npt.NDArray[Any]:
    """Return a tensor's value, from its file where it stands in one."""
    if not uses_external_data(tensor):
        return np.asarray(numpy_helper.to_array(tensor))
    # Read here, as onnx refuses files that are named by their whole path.
    dtype, place = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type), ExternalDataInfo(tensor)
    count = int(np.prod(tensor.dims, dtype=np.int64))
    return np.fromfile(place.location, dtype, count, offset=place.offset or 0).reshape(tensor.dims)


def used(model: onnx.ModelProto) -> bool:
    """Return whether some of a model's weights stand in a file."""
    return any(uses_external_data(tensor) for tensor in model.graph.initializer)


def size(model: onnx.ModelProto) -> int:
    """Return how many bytes a model has, weights in files included."""
    outside = (t for t in model.graph.initializer if uses_external_data(t))
    return int(model.ByteSize() + sum(ExternalDataInfo(t).length or 0 for t in outside))


def moved_out(model: onnx.ModelProto) -> tuple[onnx.ModelProto, Folder]:
    """Return a model without its large weights, and the folder with the file in which they stand.

    They are named by their whole path, and can be read as long as the folder is held. Raises NstError
    where the file cannot be written.
    """
    graph = onnx.GraphProto(**_but(model.graph, "initializer"))
    with room_for(model.ByteSize()):
        folder = temporary_folder()
        path = Path(folder.name) / _WEIGHTS
        with path.open("wb") as file:
            for tensor in model.graph.initializer:
                if tensor.HasField("raw_data") and len(tensor.raw_data) >= LARGE:
                    graph.initializer.append(_placed(tensor, path, file.tell()))
                    file.write(tensor.raw_data)
                else:
                    graph.initializer.append(tensor)
    return onnx.ModelProto(graph=graph, **_but(model, "graph")), folder


def whole(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model that holds all its weights."""
    full = onnx.ModelProto()
    full.CopyFrom(model)
    for tensor in full.graph.initializer:
        if uses_external_data(tensor):
            tensor.CopyFrom(numpy_helper.from_array(array(tensor), tensor.name))
    return full


def temporary_folder() -> Folder:
    """Return a new folder. Where the system holds on to a file in it, it stays behind."""
    return TemporaryDirectory(prefix="nst-onnx-", ignore_cleanup_errors=True)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Turn what goes wrong while a model of so many bytes is written to a temporary folder into NstError."""
    try:
        yield
    except OSError as error:
        reason = system_reason(error)
        raise NstError(
            f"the model cannot be written to the folder for temporary files: {reason}",
            f"set TMPDIR to a folder with room for {1 + (size >> 20)} MB",
        ) from error


def _but(message: Any, left_out: str) -> dict[str, Any]:
    """Return all fields of a message but one."""
    return {field.name: value for field, value in message.ListFields() if field.name != left_out}


def _placed(tensor: onnx.TensorProto, path: Path, offset: int) -> onnx.TensorProto:
    """Return a tensor that is named as standing in a file."""
    placed = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    placed.data_location = TensorProto.EXTERNAL
    for key, value in (("location", path), ("offset", offset), ("length", len(tensor.raw_data))):
        placed.external_data.add(key=key, value=str(value))
    return placed
