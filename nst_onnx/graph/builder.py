"""Graph builder, a thin layer over onnx.helper: append operators, get the names of their results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from nst_onnx.graph import external_data
from nst_onnx.graph.tensor_names import uses

Shape = tuple[int | None, ...]
T = TypeVar("T")
NO_INTS: Sequence[int] = ()  # default of an attribute that is a list

OwnRule = Callable[["Graph", str], str]
"""From the gradient dy of a tensor, as appended to a graph, to the gradient of what it was computed from."""

_SHAPE_OF_INPUT = ("GroupNormalization",)  # operators whose result has this shape, which onnx does not infer
OPSET = 17
IR_VERSION = 8  # goes with opset 17; the oldest supported onnxruntime reads it


class Graph:
    """An ONNX graph under construction. Tensors are identified by name (str).

    Nodes are in the order they were appended, which is always a topological order.
    """

    def __init__(self, opset: int = OPSET) -> None:
        self.opset = opset
        self.ir_version = IR_VERSION
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.inputs: dict[str, onnx.ValueInfoProto] = {}
        self.detached: set[str] = set()
        self.own_rules: dict[str, tuple[str, OwnRule]] = {}
        self._outputs: list[str] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._shapes: dict[str, Shape] = {}
        self._taken: set[str] = set()
        self._count = 0

    @classmethod
    def from_model(cls, model: onnx.ModelProto) -> Graph:
        """Return a graph that starts with the inputs, weights and nodes of `model`."""
        opset = max((i.version for i in model.opset_import if i.domain in ("", "ai.onnx")), default=OPSET)
        graph = cls(opset)
        graph.ir_version = max(model.ir_version, IR_VERSION)
        graph.nodes = list(model.graph.node)
        graph.initializers = {t.name: t for t in model.graph.initializer}
        graph.inputs = {i.name: i for i in model.graph.input if i.name not in graph.initializers}
        graph._taken = {name for node in graph.nodes for name in node.output} | set(graph.initializers)
        return graph

    # ---- building

    def input(self, name: str, shape: Sequence[int | str | None], dtype: int = TensorProto.FLOAT) -> str:
        """Declare an input; a str or None in `shape` is a dimension known only at run time."""
        self.inputs[name] = helper.make_tensor_value_info(name, dtype, list(shape))
        return name

    def output(self, name: str, tensor: str) -> None:
        """Make `tensor` an output of the graph called `name`."""
        if name != tensor:
            self.nodes.append(helper.make_node("Identity", [tensor], [name]))
        self._outputs.append(name)

    def op(self, op_type: str, *inputs: str, **attributes: object) -> str:
        """Append an operator with one result, and return the result's name."""
        result = self.fresh(op_type)
        self.nodes.append(helper.make_node(op_type, list(inputs), [result], **attributes))
        return result

    def fresh(self, hint: str) -> str:
        """Return a tensor name that is not taken."""
        while True:
            self._count += 1
            name = f"nst/{hint}_{self._count}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        """Return the name of a constant; equal constants share one tensor."""
        array = np.ascontiguousarray(value, dtype).reshape(np.shape(value))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = self.fresh("constant")
            self.initializers[name] = numpy_helper.from_array(array, name)
            self._constants[key] = name
        return self._constants[key]

    def ints(self, *values: int) -> str:
        """Return the name of a 1-D int64 constant: axes, shapes, pads."""
        return self.constant(values, np.int64)

    def detach(self, tensor: str) -> str:
        """Return a tensor of the same value that differentiation treats as a constant."""
        copy = self.op("Identity", tensor)
        self.detached.add(copy)
        return copy

    def with_rule(self, tensor: str, source: str, rule: OwnRule) -> str:
        """Return a tensor that is differentiated by a rule of its own, not node by node.

        `rule` appends the gradient of `source`, of which alone the tensor is taken to be a function.
        """
        self.own_rules[tensor] = source, rule
        return tensor

    def ones(self, shape: str) -> str:
        """Return a tensor of ones whose shape is the value of another tensor (1-D int64)."""
        one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
        return self.op("ConstantOfShape", shape, value=one)

    # ---- queries

    def value(self, name: str) -> npt.NDArray[np.generic] | None:
        """Return the value of a tensor that is fixed in the graph, else None."""
        if name in self.initializers:
            return external_data.to_array(self.initializers[name])
        for node in self.nodes:
            if name in node.output and node.op_type == "Constant":
                return constant_value(node)
        return None

    def shape(self, name: str) -> Shape | None:
        """Return a tensor's shape as of the last `infer_shapes`, with None for unknown dimensions."""
        return self._shapes.get(name)

    def infer_shapes(self) -> None:
        """Infer the shapes of all tensors present, by onnx."""
        model = self.model([], light=True)
        for node in model.graph.node:
            if node.op_type in _SHAPE_OF_INPUT:
                node.CopyFrom(helper.make_node("Identity", node.input[:1], node.output[:1]))
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
        values = [*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output]
        self._shapes = {v.name: shape_of(v) for v in values if v.type.tensor_type.HasField("shape")}
        self._shapes |= {name: tuple(t.dims) for name, t in self.initializers.items()}

    # ---- output

    def model(self, outputs: Iterable[str] | None = None, *, light: bool = False) -> onnx.ModelProto:
        """Return the ONNX model that computes `outputs` (default: those declared) and nothing else.

        `light` declares large weights as inputs, without their values, for shape inference.
        """
        wanted = self._outputs if outputs is None else list(outputs)
        nodes = needed_nodes(self.nodes, wanted) if wanted else self.nodes
        used = {name for node in nodes for name in uses(node)} | set(wanted)
        initializers = [t for name, t in self.initializers.items() if name in used]
        inputs = [v for name, v in self.inputs.items() if name in used]
        if light:
            heavy = [t for t in initializers if np.prod(t.dims, dtype=np.int64) > 1024]
            inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in heavy]
            initializers = [t for t in initializers if np.prod(t.dims, dtype=np.int64) <= 1024]
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted]
        graph = helper.make_graph(nodes, "nst", inputs, infos, initializers)
        others = sorted({node.domain for node in nodes} - {"", "ai.onnx"})
        opsets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(name, 1) for name in others)]
        model = helper.make_model(graph, opset_imports=opsets)
        model.ir_version = self.ir_version
        return model


def needed_nodes(nodes: Sequence[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """Return those of `nodes` (in topological order) that `outputs` depend on, in the same order."""
    wanted = set(outputs)
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(name for name in uses(node) if name)
    return kept[::-1]


def attribute(node: onnx.NodeProto, name: str, default: T) -> T:
    """Return an attribute's value, of the type of `default`, or `default` where the node lacks it."""
    for a in node.attribute:
        if a.name == name:
            value = helper.get_attribute_value(a)
            return cast(T, value.decode() if isinstance(value, bytes) else value)
    return default


def constant_value(node: onnx.NodeProto) -> npt.NDArray[np.generic]:
    """Return the value of a Constant node in any of its forms."""
    for a in node.attribute:
        value = helper.get_attribute_value(a)
        if a.name == "value":
            return np.asarray(numpy_helper.to_array(value))
        if a.name in ("value_float", "value_floats"):
            return np.asarray(value, np.float32)
        if a.name in ("value_int", "value_ints"):
            return np.asarray(value, np.int64)
    return np.asarray([])


def shape_of(info: onnx.ValueInfoProto) -> Shape:
    """Return a value's shape, None for dimensions known only at run time."""
    return tuple(d.dim_value if d.HasField("dim_value") else None for d in info.type.tensor_type.shape.dim)
