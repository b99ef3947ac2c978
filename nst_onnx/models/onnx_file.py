"""Reading an ONNX file: its external data, also behind links, and its local functions inlined."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath

import onnx
from google.protobuf.message import Message
from onnx.external_data_helper import (
    ExternalDataInfo,
    load_external_data_for_tensor,
    uses_external_data,
)

from nst_onnx.errors import ModelError
from nst_onnx.models import local_functions
from nst_onnx.support import library_errors
from nst_onnx.support.library_errors import system_reason

HINT_FORMATS = (
    "give an ONNX file, or VGG weights: .h5, .keras, .mat, .pth, .safetensors, .caffemodel, .npz or .npy"
)


def parse(path: Path) -> onnx.ModelProto:
    """Return the model in a file, with all its weights, and its local functions inlined.

    Raises ModelError where it is missing, not ONNX, truncated, a file of its external data is missing or in
    another folder, or its local functions cannot be inlined.
    """
    if path.is_dir():
        raise ModelError(f"{path} is a folder, not an ONNX model")
    try:
        size = path.stat().st_size
        if size == 0:
            raise ModelError(f"{path.name} is empty", HINT_FORMATS)
        model = onnx.load(path, load_external_data=False)
        _load_external_data(model, path)
    except ModelError:
        raise
    except FileNotFoundError as error:
        raise ModelError(f"{path} does not exist", "check the path") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {system_reason(error)}") from error
    except Exception as error:  # google.protobuf's DecodeError, onnx's external data errors
        raise ModelError(
            f"{path.name} is not an ONNX model, or is damaged: {library_errors.of(error)}", HINT_FORMATS
        ) from error
    if not model.graph.node or not model.opset_import:
        raise ModelError(f"{path.name} is not an ONNX model: it has no graph", HINT_FORMATS)
    return local_functions.inlined(model, path.name)


def _load_external_data(model: onnx.ModelProto, path: Path) -> None:
    """Load the external data of a model's tensors, in place.

    Its files may be links only where they lead to the folder of the model's file, or of the file that the
    model is a link to: so a cache stores them (``snapshots/`` has links to ``blobs/``). A link to anywhere
    else could pass any file of the user's off as weights. Raises ModelError.
    """
    folders = (path.parent.resolve(), path.resolve().parent)
    for tensor in _tensors(model):
        if not uses_external_data(tensor):
            continue
        location = PurePath(ExternalDataInfo(tensor).location)
        if location.is_absolute() or ".." in location.parts:
            raise ModelError(f"{path.name} has its weights in {location}, outside of its folder")
        target = (path.parent / location).resolve()
        if not any(target.is_relative_to(folder) for folder in folders):
            raise ModelError(
                f"{location}, with the weights of {path.name}, is a link to another folder",
                "copy the file there in its place",
            )
        if not target.is_file():
            raise ModelError(
                f"{path.parent / location} does not exist; {path.name} has its weights there",
                "download that file too, to the same folder",
            )
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = target.name
        load_external_data_for_tensor(tensor, str(target.parent))


def _tensors(message: Message) -> Iterator[onnx.TensorProto]:
    """Yield every tensor in a message: weights, attributes, sparse ones, of subgraphs, of local functions.

    Inlining moves the functions' tensors to the graph, and what is external by then, onnx's evaluator would
    read relative to the working folder.
    """
    for _, value in message.ListFields():
        for item in (value,) if isinstance(value, Message | str | bytes | int | float) else value:
            if isinstance(item, onnx.TensorProto):
                yield item
            elif isinstance(item, Message):
                yield from _tensors(item)
