"""Networks that other programs made, in small: without our metadata, in old opsets, with a classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(3)
FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16


def tensor(name: str, *shape: int, dtype=np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array((RNG.standard_normal(shape) * 0.3).astype(dtype), name)


def conv(source: str, target: str, **attributes) -> onnx.NodeProto:
    return helper.make_node(
        "Conv", [source, f"{target}.w", f"{target}.b"], [target], pads=[1] * 4, **attributes
    )


def write(
    path: Path, nodes, initializers, outputs, *, shape=("N", 3, "H", "W"), kind=FLOAT, opset=17, inputs=()
) -> Path:
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("data", kind, shape), *inputs],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        initializers,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


def squeezed(path: Path, *, size: int | str = "H", opset: int = 17) -> Path:
    """A network of SqueezeNet's shape: a fire module with Concat, a Dropout, a classifier."""
    nodes = [
        conv("data", "c1", strides=[2, 2]),
        helper.make_node("Relu", ["c1"], ["relu1"]),
        helper.make_node("MaxPool", ["relu1"], ["pool1"], kernel_shape=[2, 2], strides=[2, 2]),
        conv("pool1", "left"),
        helper.make_node("Relu", ["left"], ["left_relu"]),
        conv("pool1", "right"),
        helper.make_node("LeakyRelu", ["right"], ["right_relu"], alpha=0.1),
        helper.make_node("Concat", ["left_relu", "right_relu"], ["fire"], axis=1),
        helper.make_node("Dropout", ["fire"], ["dropped"]),
        conv("dropped", "c2"),
        helper.make_node("Relu", ["c2"], ["relu2"]),
        helper.make_node("GlobalAveragePool", ["relu2"], ["averaged"]),
        helper.make_node("Flatten", ["averaged"], ["flat"]),
        helper.make_node("Gemm", ["flat", "fc.w", "fc.b"], ["logits"], transB=1),
        helper.make_node("Relu", ["logits"], ["probabilities"]),
    ]
    shapes = {"c1": (4, 3), "left": (3, 4), "right": (2, 4), "c2": (6, 5)}
    weights = [t for n, (o, i) in shapes.items() for t in (tensor(f"{n}.w", o, i, 3, 3), tensor(f"{n}.b", o))]
    weights += [tensor("fc.w", 7, 6), tensor("fc.b", 7)]
    return write(
        path, nodes, weights, ["probabilities"], shape=(1 if size != "H" else "N", 3, size, size), opset=opset
    )


def run(model: onnx.ModelProto | Path, picture: np.ndarray, names=None) -> list[np.ndarray]:
    content = str(model) if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(content)
    return session.run(names, {session.get_inputs()[0].name: picture})


def picture(height: int = 21, width: int = 30, dtype=np.float32) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, 3, height, width)).astype(dtype)


def exposing(path: Path, names: list[str]) -> Path:
    """The same file with `names` as outputs, for the comparison."""
    model = onnx.load(path)
    del model.graph.output[:]
    model.graph.output.extend(helper.make_tensor_value_info(n, FLOAT, None) for n in names)
    onnx.save(model, path.with_suffix(".exposed"))
    return path.with_suffix(".exposed")
