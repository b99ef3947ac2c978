"""A model computed one node at a time, so that every tensor has the type the graph gives it.

On a CPU onnxruntime computes float16 in float32 and leaves out what casts it can; between sessions it cannot.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from nst_onnx.graph import external_data


def computed(
    model: onnx.ModelProto, feeds: Mapping[str, np.ndarray], outputs: Sequence[str]
) -> list[np.ndarray]:
    """The outputs of a model, sums inside a node in float32, its results rounded to their type."""
    known = {t.name: external_data.array(t) for t in model.graph.initializer} | dict(feeds)
    for node in model.graph.node:
        given = {name: np.asarray(known[name]) for name in node.input if name}
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for name, a in given.items()
        ]
        results = [onnx.ValueInfoProto(name=name) for name in node.output if name]
        alone = helper.make_model(
            helper.make_graph([node], "alone", inputs, results), opset_imports=model.opset_import
        )
        alone.ir_version = model.ir_version
        session = _session(alone.SerializeToString())
        names = [r.name for r in results]
        known.update(zip(names, session.run(names, given), strict=True))
    return [known[name] for name in outputs]


@lru_cache(maxsize=4096)
def _session(model: bytes) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
