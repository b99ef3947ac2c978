"""ONNX graphs in float64: what they compute, and that a wrong gradient is seen."""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime
import pytest
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.double_precision import evaluator, slope_error
from nst_onnx.graph import Graph, gradient

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose"])
def test_convolutions_are_onnxruntimes(kind: str, groups: int, dilation: int, stride: int) -> None:
    shape = (6, 4 // groups, 3, 2) if kind == "Conv" else (4, 6 // groups, 3, 2)
    if kind == "Conv":
        shape = (8, *shape[1:])
    g = Graph()
    x = g.input("x", [1, 4, 9, 11])
    kernel = g.constant(RNG.standard_normal(shape).astype(np.float32))
    bias = g.constant(RNG.standard_normal(8 if kind == "Conv" else shape[1] * groups).astype(np.float32))
    how = {"pads": [1, 0, 2, 1], "strides": [stride] * 2, "dilations": [dilation] * 2, "group": groups}
    y = g.op(kind, x, kernel, bias, **how)
    model = g.model([y])
    picture = RNG.standard_normal((1, 4, 9, 11)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (expected,) = session.run([y], {"x": picture})
    (found,) = evaluator(model).run([y], {"x": picture.astype(np.float64)})
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-4)


def graph(scale: float) -> float:
    """Return the error that is found of Σ relu(x)², its gradient multiplied."""
    g = Graph()
    x = g.input("x", [1, 3, 5, 6])
    cropped = g.op("Pad", x, g.ints(0, 0, -1, 1, 0, 0, 0, -2))
    loss = g.op("ReduceSumSquare", g.op("Relu", cropped), keepdims=0)
    slope = g.op("Mul", gradient(g, loss, x), g.constant(scale))
    picture = RNG.standard_normal((1, 3, 5, 6))
    return slope_error(g.model([loss, slope]), loss, slope, {"x": picture}, 1)


def test_a_gradient_of_the_right_rules_is_exact() -> None:
    assert graph(1.0) < 1e-7


def test_a_wrong_gradient_is_seen() -> None:
    assert graph(1.01) == pytest.approx(0.01, rel=0.05)
