"""Random uses of every operator that has a gradient rule: one maker per way of using it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from onnx import TensorProto

from nst_onnx.graph import Graph


@dataclass
class Tensor:
    """A 4-D tensor under construction, with its shape as far as the makers need it."""

    name: str
    shape: tuple[int, int, int, int]


Maker = Callable[[Graph, Tensor, st.DataObject, np.random.Generator], Tensor]
MAKERS: dict[str, list[Maker]] = {}


def makes(*op_types: str) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        for op_type in op_types:
            MAKERS.setdefault(op_type, []).append(maker)
        return maker

    return register


def shaped(g: Graph, name: str, x: Tensor) -> Tensor:
    return Tensor(name, x.shape)


def like(g: Graph, x: Tensor, rng: np.random.Generator, data: st.DataObject) -> str:
    """A constant that broadcasts against x."""
    shape = tuple(n if data.draw(st.booleans()) else 1 for n in x.shape)
    shape = shape[data.draw(st.integers(0, 3)) :]
    return g.constant(rng.uniform(0.5, 2, shape))


def unary(op_type: str, **attributes: object) -> Maker:
    def maker(g: Graph, x: Tensor, data: st.DataObject, rng: np.random.Generator) -> Tensor:
        return shaped(g, g.op(op_type, x.name, **attributes), x)

    return makes(op_type)(maker)


for name in (
    "Relu LeakyRelu Elu HardSigmoid HardSwish Softplus Softsign Sigmoid Tanh Identity Neg Abs Dropout"
).split():
    unary(name)
unary("LeakyRelu", alpha=0.3)
unary("Elu", alpha=0.7)
unary("HardSigmoid", alpha=0.4, beta=0.6)
unary("Cast", to=TensorProto.FLOAT)


@makes("PRelu")
def prelu(g, x, data, rng):
    slopes = g.constant(rng.uniform(-0.5, 0.5, (x.shape[1], 1, 1)))
    return shaped(g, g.op("PRelu", x.name, slopes), x)


@makes("Sqrt", "Log")
def positive(g, x, data, rng):
    above_one = g.op("Add", g.op("Mul", x.name, x.name), g.constant(1.0))
    return shaped(g, g.op(data.draw(st.sampled_from(["Sqrt", "Log"])), above_one), x)


@makes("Exp")
def exp(g, x, data, rng):
    return shaped(g, g.op("Exp", g.op("Tanh", x.name)), x)


@makes("Pow")
def power(g, x, data, rng):
    above_one = g.op("Add", g.op("Mul", x.name, x.name), g.constant(1.0))
    return shaped(g, g.op("Pow", above_one, g.constant(data.draw(st.sampled_from([0.5, 1.25, 2.0])))), x)


@makes("Clip")
def clip(g, x, data, rng):
    low = g.constant(-0.7) if data.draw(st.booleans()) else ""
    high = [g.constant(0.9)] if data.draw(st.booleans()) else []
    return shaped(g, g.op("Clip", x.name, low, *high), x)


@makes("Add", "Sub", "Mul", "Div")
def binary(g, x, data, rng):
    op_type, other = data.draw(st.sampled_from(["Add", "Sub", "Mul", "Div"])), like(g, x, rng, data)
    pair = (x.name, other) if data.draw(st.booleans()) or op_type == "Div" else (other, x.name)
    return shaped(g, g.op(op_type, *pair), x)


@makes("Add", "Mul", "Sub", "Sum")
def itself(g, x, data, rng):
    op_type = data.draw(st.sampled_from(["Add", "Mul", "Sub", "Sum"]))
    return shaped(g, g.op(op_type, g.op("Tanh", x.name), x.name), x)


@makes("Mul")
def square(g, x, data, rng):
    return shaped(g, g.op("Mul", x.name, x.name), x)


@makes("Div")
def by_itself(g, x, data, rng):
    above_one = g.op("Add", g.op("Mul", x.name, x.name), g.constant(1.0))
    return shaped(g, g.op("Div", x.name, above_one), x)


@makes("Add", "Mul")
def stretched(g, x, data, rng):
    """A picture-dependent tensor of length 1 along some axes, stretched by the other operand."""
    mean = g.op(
        "ReduceMean", x.name, axes=data.draw(st.sampled_from([[1], [2], [2, 3], [1, 2, 3]])), keepdims=1
    )
    return shaped(g, g.op(data.draw(st.sampled_from(["Add", "Mul"])), mean, x.name), x)


def window(data: st.DataObject, n: int, most: int = 3) -> tuple[int, int, int, tuple[int, int]]:
    """kernel, stride, dilation, (pad before, pad after) along an axis of length n, at least one window."""
    kernel = data.draw(st.integers(1, most))
    stride = data.draw(st.integers(1, 3))
    dilation = data.draw(st.integers(1, 2))
    span = (kernel - 1) * dilation + 1
    pads = data.draw(st.tuples(st.integers(0, kernel), st.integers(0, kernel)))
    short = max(0, span - n - sum(pads))
    return kernel, stride, dilation, (pads[0], pads[1] + short)


def windows_of(data: st.DataObject, x: Tensor) -> tuple[dict[str, list[int]], tuple[int, int]]:
    """Conv attributes, and the resulting height and width."""
    (kh, sh, dh, ph), (kw, sw, dw, pw) = (window(data, n) for n in x.shape[2:])
    attributes = {
        "kernel_shape": [kh, kw],
        "strides": [sh, sw],
        "dilations": [dh, dw],
        "pads": [ph[0], pw[0], ph[1], pw[1]],
    }
    out = tuple(
        (n + sum(p) - (k - 1) * d - 1) // s + 1
        for n, k, s, d, p in zip(x.shape[2:], (kh, kw), (sh, sw), (dh, dw), (ph, pw), strict=True)
    )
    return attributes, out


@makes("Conv")
def conv(g, x, data, rng):
    attributes, out = windows_of(data, x)
    group = data.draw(st.sampled_from([k for k in (1, 2, x.shape[1]) if x.shape[1] % k == 0]))
    channels = group * data.draw(st.integers(1, 2))
    kernel = rng.standard_normal((channels, x.shape[1] // group, *attributes["kernel_shape"]))
    bias = [g.constant(rng.standard_normal(channels))] if data.draw(st.booleans()) else []
    y = g.op("Conv", x.name, g.constant(kernel / math.sqrt(kernel[0].size)), *bias, group=group, **attributes)
    return Tensor(y, (x.shape[0], channels, *out))


@makes("Conv")
def conv_kernel(g, x, data, rng):
    """The kernel, or the bias too, depends on the picture: a part of it, weighted."""
    attributes, out = windows_of(data, x)
    group = data.draw(st.sampled_from([k for k in (1, 2, x.shape[1]) if x.shape[1] % k == 0]))
    channels = group * data.draw(st.integers(1, 2))
    shape = channels, x.shape[1] // group, *attributes["kernel_shape"]
    total = g.op("ReduceMean", x.name, axes=[2, 3], keepdims=0)
    one = g.op("ReduceMean", total, axes=[0, 1], keepdims=0)
    kernel = g.op("Mul", one, g.constant(rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:]))))
    bias = [g.op("Mul", one, g.constant(rng.standard_normal(channels)))] if data.draw(st.booleans()) else []
    picture = g.constant(rng.standard_normal(x.shape)) if data.draw(st.booleans()) else x.name
    y = g.op("Conv", picture, kernel, *bias, group=group, **attributes)
    return Tensor(y, (x.shape[0], channels, *out))


@makes("Conv")
def conv_same(g, x, data, rng):
    stride, pad = data.draw(st.integers(1, 2)), data.draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER"]))
    kernel = rng.standard_normal((3, x.shape[1], 3, 3)) / (3 * math.sqrt(x.shape[1]))
    y = g.op("Conv", x.name, g.constant(kernel), strides=[stride] * 2, auto_pad=pad)
    return Tensor(y, (x.shape[0], 3, *(-(-n // stride) for n in x.shape[2:])))


def pooled(g, x, data, op_type: str, **more: object) -> Tensor:
    """Pooling whose every window touches the picture, as onnx asks (pads smaller than the kernel).

    Pads are the same on both sides: onnx's reference evaluator fails on some that are not.
    """
    kernel = [data.draw(st.integers(1, min(3, n))) for n in x.shape[2:]]
    stride = kernel if data.draw(st.booleans()) else [data.draw(st.integers(1, 3)) for _ in kernel]
    pads = 2 * [data.draw(st.integers(0, k // 2)) if data.draw(st.booleans()) else 0 for k in kernel]
    y = g.op(op_type, x.name, kernel_shape=kernel, strides=stride, pads=pads, **more)
    out = tuple((n + pads[i] + pads[i + 2] - kernel[i]) // stride[i] + 1 for i, n in enumerate(x.shape[2:]))
    return Tensor(y, (*x.shape[:2], *out))


@makes("MaxPool")
def max_pool(g, x, data, rng):
    return pooled(g, x, data, "MaxPool")


@makes("AveragePool")
def average_pool(g, x, data, rng):
    return pooled(g, x, data, "AveragePool", count_include_pad=data.draw(st.integers(0, 1)))


@makes("GlobalAveragePool")
def global_average_pool(g, x, data, rng):
    return Tensor(g.op("GlobalAveragePool", x.name), (*x.shape[:2], 1, 1))


@makes("Concat")
def concat(g, x, data, rng):
    axis = data.draw(st.integers(0, 3))
    y = g.op("Concat", x.name, g.op("Neg", x.name), axis=axis)
    shape = list(x.shape)
    shape[axis] *= 2
    return Tensor(y, tuple(shape))


@makes("Pad")
def pad(g, x, data, rng):
    mode = data.draw(st.sampled_from(["constant", "reflect", "edge"]))
    room = [n - 1 if mode == "reflect" else 3 for n in x.shape[2:]]
    pads = [data.draw(st.integers(0, min(3, r))) for r in room * 2]
    y = g.op("Pad", x.name, g.ints(0, 0, *pads[:2], 0, 0, *pads[2:]), mode=mode)
    return Tensor(y, (*x.shape[:2], *(n + pads[i] + pads[i + 2] for i, n in enumerate(x.shape[2:]))))


@makes("Slice")
def slice_(g, x, data, rng):
    axis = data.draw(st.integers(0, 3))
    start = data.draw(st.integers(-x.shape[axis], x.shape[axis] - 1))
    y = g.op("Slice", x.name, g.ints(start), g.ints(2**31 - 1), g.ints(axis))
    shape = list(x.shape)
    shape[axis] -= start % x.shape[axis]
    return Tensor(y, tuple(shape))


@makes("BatchNormalization")
def batch_normalization(g, x, data, rng):
    c = x.shape[1]
    facts = [g.constant(rng.uniform(0.5, 2, c)) for _ in range(4)]
    return shaped(g, g.op("BatchNormalization", x.name, *facts, epsilon=1e-3), x)


@makes("Transpose")
def transpose(g, x, data, rng):
    perm = data.draw(st.permutations(range(4)))
    return Tensor(g.op("Transpose", x.name, perm=list(perm)), tuple(x.shape[p] for p in perm))


@makes("Transpose")
def transpose_default(g, x, data, rng):
    return Tensor(g.op("Transpose", x.name), x.shape[::-1])


@makes("Reshape", "Flatten", "Squeeze", "Unsqueeze", "MatMul")
def as_matrices(g, x, data, rng):
    flat = g.op("Flatten", x.name, axis=2)
    rows = g.op("Unsqueeze", flat, g.ints(0, 1))
    n, m = x.shape[0] * x.shape[1], x.shape[2] * x.shape[3]
    y = g.op("MatMul", rows, g.constant(rng.standard_normal((1, 1, m, 3)) / math.sqrt(m)))
    back = g.op("Reshape", g.op("Squeeze", y, g.ints(0, 1)), g.ints(1, 1, n, -1))
    return Tensor(back, (1, 1, n, 3))


@makes("MatMul")
def matmul_stacks(g, x, data, rng):
    """One side is stretched over the stack of the other; both may depend on the picture."""
    mean = g.op("ReduceMean", x.name, axes=[1], keepdims=1)
    y = g.op("MatMul", g.op("Transpose", mean, perm=[0, 1, 3, 2]), x.name)
    return Tensor(y, (*x.shape[:2], x.shape[3], x.shape[3]))


@makes("Gemm")
def gemm(g, x, data, rng):
    ta, tb = data.draw(st.integers(0, 1)), data.draw(st.integers(0, 1))
    m, k = x.shape[0] * x.shape[1], x.shape[2] * x.shape[3]
    a = g.op("Flatten", x.name, axis=2)
    inner = k if not ta else m
    b = g.constant(rng.standard_normal((3, inner) if tb else (inner, 3)) / math.sqrt(inner))
    rows = m if not ta else k
    if data.draw(st.booleans()):
        y = g.op("Gemm", a, b, g.constant(rng.standard_normal(3)), transA=ta, transB=tb, alpha=0.5, beta=2.0)
        out = (1, 1, rows, 3)
    else:
        y = g.op("Gemm", b, a, transA=1 - tb, transB=1 - ta, alpha=1.5)
        out = (1, 1, 3, rows)
    return Tensor(g.op("Reshape", y, g.ints(*out)), out)


@makes("Gemm")
def gram(g, x, data, rng):
    a = g.op("Flatten", x.name, axis=2)
    n = x.shape[0] * x.shape[1]
    turned = data.draw(st.booleans())
    a = g.op("Transpose", a) if turned else a
    y = g.op("Gemm", a, a, transA=int(turned), transB=1 - turned, alpha=1 / (x.shape[2] * x.shape[3]))
    return Tensor(g.op("Reshape", y, g.ints(1, 1, n, n)), (1, 1, n, n))


@makes("ReduceSum", "ReduceMean", "ReduceSumSquare")
def reduction(g, x, data, rng):
    axes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
    keep = data.draw(st.integers(0, 1))
    op_type = data.draw(st.sampled_from(["ReduceSum", "ReduceMean", "ReduceSumSquare"]))
    if op_type == "ReduceSum":
        y = g.op(op_type, x.name, g.ints(*axes), keepdims=keep)
    else:
        y = g.op(op_type, x.name, axes=axes, keepdims=keep)
    shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    return Tensor(g.op("Reshape", y, g.ints(*shape)), shape)


@makes("Expand")
def expand(g, x, data, rng):
    axis = data.draw(st.integers(0, 3))
    one = g.op("ReduceMean", x.name, axes=[axis], keepdims=1)
    shape = list(x.shape)
    shape[axis] = 3
    return Tensor(g.op("Expand", one, g.ints(*shape)), tuple(shape))


@makes("InstanceNormalization")
def instance_normalization(g, x, data, rng):
    """Scales and shifts are fixed, or depend on the picture."""
    channels = x.shape[1]
    numbers = [g.constant(rng.uniform(0.5, 2, channels)) for _ in range(2)]
    if data.draw(st.booleans()):
        means = g.op("Reshape", g.op("GlobalAveragePool", x.name), g.ints(-1))
        numbers = [g.op("Add", number, means) for number in numbers]
    return shaped(g, g.op("InstanceNormalization", x.name, *numbers, epsilon=0.1), x)


@makes("Resize")
def repeated(g, x, data, rng):
    factors = data.draw(st.sampled_from([(2, 2), (1, 3), (2, 1)]))
    scales = g.constant([1, 1, *factors])
    y = g.op(
        "Resize",
        x.name,
        "",
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    return Tensor(y, (*x.shape[:2], x.shape[2] * factors[0], x.shape[3] * factors[1]))
