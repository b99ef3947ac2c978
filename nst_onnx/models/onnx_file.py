"""Reading an ONNX file: its external data, also behind links, and its local functions inlined."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath

import onnx
from onnx import inliner
from onnx.external_data_helper import (
    ExternalDataInfo,
    load_external_data_for_tensor,
    uses_external_data,
)

from nst_onnx.errors import ModelError
from nst_onnx.support import library_errors
from nst_onnx.support.library_errors import system_reason

HINT_FORMATS = (
    "give an ONNX file, or VGG weights: .h5, .keras, .mat, .pth, .safetensors, .caffemodel, .npz or .npy"
)


def parse(path: Path) -> onnx.ModelProto:
    """Return the model in a file, with all its weights, and its local functions inlined.

    Raises ModelError where it is missing, not ONNX, truncated, or a file of its external data is missing.
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
    return _inlined(model, path.name)


def _inlined(model: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """Return a model whose local functions, which some exporters write for layers, are inlined."""
    if not model.functions:
        return model
    try:
        inlined = inliner.inline_local_functions(model, convert_version=True)
    except Exception as error:  # the inliner's C++ exceptions share no base class
        raise ModelError(
            f"{where}: its local functions cannot be inlined: {library_errors.of(error)}"
        ) from error
    if inlined.functions:
        kept = ", ".join(sorted({function.name for function in inlined.functions})[:4])
        raise ModelError(
            f"{where}: its local functions cannot be inlined: {kept}", "export it without functions"
        )
    return inlined


def _load_external_data(model: onnx.ModelProto, path: Path) -> None:
    """Load the external data of a model's tensors, in place.

    Its files may be links only where they lead to the folder of the model's file, or of the file that the
    model is a link to: so a cache stores them (``snapshots/`` has links to ``blobs/``). A link to anywhere
    else could pass any file of the user's off as weights. Raises ModelError.
    """
    folders = (path.parent.resolve(), path.resolve().parent)
    for tensor in _tensors(model.graph):
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


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Yield the tensors of a graph and of its nodes' attributes, subgraphs included."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for subgraph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _tensors(subgraph)
