"""Loading an ONNX file of any exporter as a checked feature extractor."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nst_onnx.errors import ModelError
from nst_onnx.graph import external_data, tensor_names
from nst_onnx.graph.builder import NO_INTS, attribute
from nst_onnx.graph.passes import branches, constant_folding, traced_sizes
from nst_onnx.graph.passes.known_values import shapes_at
from nst_onnx.graph.rules import quantisation
from nst_onnx.models import feature_layers, metadata, reserved_names, vgg
from nst_onnx.models.differentiable import layers_with_gradient
from nst_onnx.models.first_layer import published_preprocessing
from nst_onnx.models.kernel_layout import ModelWarning
from nst_onnx.models.metadata import Facts, Preprocessing
from nst_onnx.models.onnx_file import HINT_FORMATS, parse
from nst_onnx.models.weights import network_order
from nst_onnx.support import library_errors

_HINT_PREPROCESSING = (
    "give it with `nst-onnx models add FILE` and --channel-order, --scale, --mean and --std, for instance "
    "torchvision's --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225"
)


@dataclass(frozen=True)
class Extractor:
    """A feature extractor: a network whose outputs are the feature maps of its layers.

    `proto`: the ONNX model, float32, opset ≥ 17, one picture input N×3×H×W with dynamic N, H and W,
    weights as initializers, and exactly `layers` as its outputs, each N×C×h×w.
    `layers`: their names in network order. `input`: the name of the picture input.
    `folder`: temporary folder of its external data, if its large weights are not in `proto`.
    `periodic`: whether its padding is wrapped around, so that no tile of a picture can be computed alone.
    """

    proto: onnx.ModelProto
    facts: Facts
    layers: tuple[str, ...]
    path: Path
    input: str
    folder: external_data.Folder | None = field(default=None, compare=False, repr=False)
    periodic: bool = False

    @property
    def size(self) -> int:
        """Size of the network in bytes, external data included."""
        return external_data.size(self.proto)

    def with_external_data(self) -> Extractor:
        """Return the same network with its large weights in a temporary file, deleted with the result.

        Raises NstError where the file cannot be written.
        """
        proto, folder = external_data.to_external(self.proto)
        return replace(self, proto=proto, folder=folder)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the weights embedded: the other process may be on another machine."""
        return Extractor, (external_data.embedded(self.proto), self.facts, self.layers, self.path, self.input)


def load(path: str | os.PathLike[str], *, preprocessing: Preprocessing | None = None) -> Extractor:
    """Load a feature extractor.

    The metadata of models made by nst-onnx contains their preprocessing. So does the first layer of VGG-16
    and VGG-19, whoever exported them (`nst_onnx.models.first_layer`); with `preprocessing`, that one is used.
    Any other convolutional network needs `preprocessing`. Its layers are the outputs of its activation
    functions that still have a height and width, by tensor name; those of a VGG get VGG's own names.

    Every network is normalised: local functions are inlined, float16 weights and casts become float32,
    constants are folded, opsets below 17 converted, fixed sizes made dynamic, and a channels-last input is
    transposed to N×3×H×W. The classifier is removed, and with a ModelWarning the layers behind an operator
    without gradient rule, or behind one that fixes height and width.

    Raises ModelError where the file is missing, not ONNX, truncated, without picture input, or has NaN or
    infinite weights; and where its preprocessing is neither in it nor given, or both.
    """
    path = Path(path)
    model = parse(path)
    try:
        facts = metadata.read(model)
        if facts is not None and preprocessing is not None:
            raise ModelError(
                f"{path.name} declares its own preprocessing",
                "leave out --channel-order, --scale, --mean and --std (in Python: preprocessing)",
            )
        if facts is None:
            reserved_names.release(model.graph)
        constant_folding.fold(model.graph)
        picture = _picture_input(model.graph, path.name)
        name: str = picture.name
        if facts is None and preprocessing is None:
            preprocessing = published_preprocessing(model.graph, name)
            if preprocessing is None:
                raise ModelError(
                    f"{path.name} does not declare how to preprocess its picture (no nst.* metadata)",
                    _HINT_PREPROCESSING,
                )
        elif _dims(picture)[1] != 3 and _dims(picture)[3] == 3:
            _channels_first(model.graph, picture)
        if facts is None:
            _untrace(model, picture)
            found = feature_layers.find(model, name)
            layers = found.layers
            if vgg_names := feature_layers.vgg_names(model.graph, name):
                feature_layers.rename(model.graph, vgg_names)
                layers = [vgg_names[layer] for layer in layers if layer in vgg_names]
        else:
            layers = feature_layers.in_order(model.graph, [output.name for output in model.graph.output])
        if facts is None and found.lost is not None:
            _warn_of_fixed_size(found, path.name)
        if not layers:
            raise ModelError(f"{path.name} has no layer with a height and width to take features from")
        _keep_only(model.graph, layers)
        constant_folding.cast_to_float32(model.graph)
        model = _convert_opset(model)
        _make_dynamic(model, name, layers)
        if facts is None:
            layers = _with_gradient(model, name, layers, path.name)
            _warn_of_quantisation(model.graph, path.name)
        onnx.checker.check_model(model)
        _check_finite(model.graph, path.name)
    except ModelError as error:
        if path.name in str(error):
            raise
        raise ModelError(f"{path.name}: {error}", error.hint) from error
    except (
        Exception
    ) as error:  # protobuf's, checker's, converter's and inference's errors share no base class
        raise ModelError(
            f"{path.name} is not a valid ONNX model: {library_errors.of(error)}", HINT_FORMATS
        ) from error
    if facts is None:
        facts = Facts(path.stem, preprocessing or Preprocessing(), source=path.name)
    facts = _with_default_layers(facts, layers)
    metadata.stamp(model, facts)
    return Extractor(model, facts, tuple(layers), path, name)


def _picture_input(graph: onnx.GraphProto, where: str) -> onnx.ValueInfoProto:
    """Return the one picture input. Raises ModelError where there is none, or another input beside it."""
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    del graph.input[:]  # before IR version 4 every initializer was also an input
    graph.input.extend(inputs)
    pictures = [value for value in inputs if _is_picture(value)]
    if len(pictures) != 1:
        found = ", ".join(f"{v.name} {_shape(v)}" for v in inputs) or "none"
        raise ModelError(f"{where} needs one picture input of shape N×3×H×W; its inputs are: {found}")
    if len(inputs) > 1:
        others = ", ".join(value.name for value in inputs if value is not pictures[0])
        raise ModelError(f"{where} needs more inputs than a picture: {others}")
    return pictures[0]


def _is_picture(value: onnx.ValueInfoProto) -> bool:
    tensor = value.type.tensor_type
    if tensor.elem_type not in (TensorProto.FLOAT, TensorProto.FLOAT16) or len(tensor.shape.dim) != 4:
        return False
    dims = _dims(value)
    return 3 in (dims[1], dims[3]) or dims[1] == 0


def _channels_first(graph: onnx.GraphProto, picture: onnx.ValueInfoProto) -> None:
    """Change an N×H×W×3 input to N×3×H×W.

    Where the picture is transposed at once (as tf2onnx writes), this node is removed. Otherwise, where
    preprocessing or the whole network has the channels last, the new input is transposed for it. Raises
    ModelError where the channels are last everywhere.
    """
    name = picture.name
    consumers = [node for node in graph.node if name in tensor_names.uses(node)]
    turning = [node for node in graph.node if attribute(node, "perm", NO_INTS) == [0, 3, 1, 2]]
    if not turning:
        raise ModelError(
            "it takes pictures with the channels last", "export it with the channels first, N×3×H×W"
        )
    if all(node in turning for node in consumers):
        for node in consumers:
            graph.node.remove(node)
        tensor_names.rename_uses(graph.node, {node.output[0]: name for node in consumers})
    else:
        tensor_names.rename_uses(graph.node, {name: f"{name}/channels_last"})
        graph.node.insert(
            0, helper.make_node("Transpose", [name], [f"{name}/channels_last"], perm=[0, 2, 3, 1])
        )
    dims = picture.type.tensor_type.shape.dim
    order = [onnx.TensorShapeProto.Dimension.FromString(dims[i].SerializeToString()) for i in (0, 3, 1, 2)]
    del dims[:]
    dims.extend(order)


def _untrace(model: onnx.ModelProto, picture: onnx.ValueInfoProto) -> None:
    """Take the branches that shapes decide, and replace the traced size in constants, if there is one."""
    traced = min(_dims(picture)[2:]) > 0
    size = tuple(_dims(picture)[2:]) if traced else feature_layers.SIZES[0]
    kind = picture.type.tensor_type.elem_type
    while branches.has_branches(model.graph):
        if not branches.take(model.graph, shapes_at(model, picture.name, size, kind)):
            break
        constant_folding.fold(model.graph)
    if traced:
        traced_sizes.make_dynamic(model.graph, shapes_at(model, picture.name, size, kind))


def _warn_of_fixed_size(found: feature_layers.Found, where: str) -> None:
    assert found.lost is not None
    node = found.lost
    warnings.warn(
        f"{where}: the layers behind {node.op_type} (node {node.name or node.output[0]!r}) are left out, "
        f"because it fixes their height and width; export the network with dynamic sizes",
        ModelWarning,
        stacklevel=3,
    )


def _warn_of_quantisation(graph: onnx.GraphProto, where: str) -> None:
    if any(node.op_type in quantisation.OPERATORS for node in graph.node):
        warnings.warn(
            f"{where} is quantised: its gradient passes straight through the rounding, and is approximate",
            ModelWarning,
            stacklevel=3,
        )


def _with_gradient(model: onnx.ModelProto, name: str, layers: list[str], where: str) -> list[str]:
    """Leave out the layers behind an operator without gradient rule, with a warning; return the others.

    Raises ModelError where no layer remains.
    """
    kept, obstacle = layers_with_gradient(model, name, layers)
    if obstacle is None:
        return layers
    if not kept:
        raise ModelError(f"{where} cannot be painted with: {obstacle}", obstacle.hint)
    warnings.warn(
        f"{where}: {len(kept)} of its {len(layers)} layers are used, up to {kept[-1]}: {obstacle}",
        ModelWarning,
        stacklevel=3,
    )
    _keep_only(model.graph, kept)
    _make_dynamic(model, name, kept)
    return kept


def _keep_only(graph: onnx.GraphProto, layers: Iterable[str]) -> None:
    """Remove every node and weight that no layer needs: mostly a classifier's head."""
    needed = set(layers)
    nodes = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(tensor_names.uses(node))
            nodes.append(node)
    weights = [tensor for tensor in graph.initializer if tensor.name in needed]
    nodes.reverse()
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.initializer[:]
    graph.initializer.extend(weights)
    del graph.output[:]
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in layers)
    for output in graph.output:
        output.type.tensor_type.elem_type = TensorProto.FLOAT


def _convert_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model in opset 17 or later, without domains that nothing uses any more."""
    domains = {node.domain for node in model.graph.node} | {"", "ai.onnx"}
    for unused in [o for o in model.opset_import if o.domain not in domains]:
        model.opset_import.remove(unused)
    # Before the conversion: below IR version 4 the converter requires every initializer to be an input too.
    model.ir_version = max(model.ir_version, vgg.IR_VERSION)
    version = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
    if 0 < version < 7:
        constant_folding.broadcast_as_numpy(model.graph)
    if 0 < version < vgg.OPSET:
        model = onnx.version_converter.convert_version(model, vgg.OPSET)
    return model


def _make_dynamic(model: onnx.ModelProto, name: str, layers: list[str]) -> None:
    """Make the picture's batch, height and width dynamic, and infer the layers' shapes again."""
    graph = model.graph
    picture = next(value for value in graph.input if value.name == name)
    picture.CopyFrom(onnx.helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, "H", "W"]))
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")  # a fixed size would override the inferred one
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    known = {value.name: value for value in [*graph.output, *inferred.value_info, *inferred.output]}
    del graph.output[:]
    graph.output.extend(known[layer] for layer in layers)


def _check_finite(graph: onnx.GraphProto, where: str) -> None:
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelError(
                f"{where}: the weights {tensor.name} hold NaN or infinity",
                "the file is damaged; download it again",
            )


def _with_default_layers(facts: Facts, layers: list[str]) -> Facts:
    """Set the default layers where the file names none that it has."""
    style = tuple(name for name in facts.style_layers if name in layers)
    content = tuple(name for name in facts.content_layers if name in layers)
    if not style or not content:
        spread_style, spread_content = _default_layers(layers)
        style, content = style or spread_style, content or spread_content
    return replace(facts, style_layers=style, content_layers=content)


def _default_layers(layers: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the default (style, content) layers of a network with these layers."""
    return vgg.default_layers(layers) if network_order(layers) == layers else _spread(layers)


def _spread(layers: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return five style layers over the first four fifths of the network, and a content layer in them.

    At the same relative depths as VGG-19's default layers.
    """
    indices = np.unique(np.linspace(0, 0.8, 5) * (len(layers) - 1) + 0.5).astype(int)
    style = tuple(dict.fromkeys(layers[i] for i in indices))
    return style, (layers[int(0.6 * (len(layers) - 1) + 0.5)],)


def _dims(value: onnx.ValueInfoProto) -> list[int]:
    return [dim.dim_value for dim in value.type.tensor_type.shape.dim]


def _shape(value: onnx.ValueInfoProto) -> str:
    dims = value.type.tensor_type.shape.dim
    return "×".join(str(dim.dim_value or dim.dim_param or "?") for dim in dims) or "of unknown shape"
