"""The compact network: conversion of a distilled student to the ONNX file that ships, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from nst_onnx.errors import ModelError
from nst_onnx.models import extractor, vgg
from nst_onnx.models.metadata import CAFFE, Preprocessing
from nst_onnx.models.weights import LICENCE, Layers, Weights
from nst_onnx.support.arrays import Array

from .. import graph_form

NAME = "compact"

ReadOuts = Mapping[str, Array]
"""{layer: matrix C×C of the 1×1 convolution that follows it (`heads.read_out`)}."""


@dataclass(frozen=True)
class Teacher:
    """The teacher as the ONNX file's metadata name it.

    `sha256` is that of the weight file; `licence` is empty where it is unknown.
    """

    title: str
    licence: str = LICENCE
    sha256: str = ""

    @classmethod
    def of(cls, weights: Weights) -> Teacher:
        """Return the metadata of a network: a published one by name, another by its file."""
        title = _published(weights.name) if weights.licence else weights.source or weights.name
        return cls(title, weights.licence, weights.sha256)


def _published(name: str) -> str:
    return f"VGG-{name.removeprefix('vgg')} (Simonyan and Zisserman 2014)"


VGG19 = Teacher(_published("vgg19"))


def build(
    layers: Layers,
    read_outs: ReadOuts,
    *,
    preprocessing: Preprocessing = CAFFE,
    teacher: Teacher = VGG19,
) -> onnx.ModelProto:
    """Return the network as ONNX with float16 weights and average pooling, as in training.

    A layer with a read-out outputs its read-out's channels, another its ReLU's. `teacher`: named in the
    metadata, with its licence.
    """
    changed = "changed: distilled into a narrower network"
    weights = Weights(
        name=NAME,
        layers=layers,
        preprocessing=preprocessing,
        source=f"distilled by nst-onnx from {teacher.title} up to {list(layers)[-1]}",
        licence=f"{teacher.licence}; {changed}" if teacher.licence else "",
        sha256=teacher.sha256,
    )
    model = vgg.build(weights, pooling="average")
    graph_form.rename(model, {name: _relu(name) for name in layers if name in read_outs})
    for output in model.graph.output:
        output.name = output.name.removesuffix(_relu(""))
    nodes = []
    for node in model.graph.node:
        nodes.append(node)
        name = node.output[0].removesuffix(_relu(""))
        if name != node.output[0]:  # the read-out follows at once: layers are listed in the graph's order
            kernel = np.ascontiguousarray(read_outs[name][:, :, None, None], np.float32)
            model.graph.initializer.append(numpy_helper.from_array(kernel, _read_out(name)))
            inputs = [_relu(name), _read_out(name)]
            nodes.append(helper.make_node("Conv", inputs, [name], _read_out(name), kernel_shape=[1, 1]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return graph_form.halve(model)


def read(path: Path) -> tuple[Layers, dict[str, Array]]:
    """Return the layers and the read-outs of a network that `build` made. Raises ModelError."""
    stored = {t.name: t for t in extractor.load(path).proto.graph.initializer}
    arrays = {name: np.array(numpy_helper.to_array(tensor)) for name, tensor in stored.items()}
    names = [name.removesuffix("/kernel") for name in arrays if name.endswith("/kernel")]
    try:
        layers = {name: (arrays[f"{name}/kernel"], arrays[f"{name}/bias"]) for name in names}
    except KeyError as error:
        raise ModelError(f"{path} lacks {error}", "give a network that `export distill` wrote") from error
    if not layers:
        raise ModelError(f"{path} has no VGG layers", "give a network that `export distill` wrote")
    return layers, {name: arrays[_read_out(name)][:, :, 0, 0] for name in names if _read_out(name) in arrays}


def _relu(name: str) -> str:
    return f"{name}/relu"


def _read_out(name: str) -> str:
    return f"{name}/read_out"
