"""Random uses of operators of networks that other programs made: more makers for `MAKERS`, in opset 17."""

import math

import numpy as np
from hypothesis import strategies as st
from onnx import helper

from support.rule_makers import Tensor, makes, shaped, unary

for name in ("Selu", "Celu", "ThresholdedRelu"):
    unary(name)
unary("Selu", alpha=1.2, gamma=0.8)
unary("Celu", alpha=0.6)
unary("ThresholdedRelu", alpha=0.4)


@makes("Softmax")
def softmax(g, x, data, rng):
    """Times the input: the mean alone is constant."""
    y = g.op("Softmax", x.name, axis=data.draw(st.sampled_from([1, 2, 3, -1])))
    return shaped(g, g.op("Mul", y, x.name), x)


@makes("Reciprocal")
def reciprocal(g, x, data, rng):
    above_one = g.op("Add", g.op("Mul", x.name, x.name), g.constant(1.0))
    return shaped(g, g.op("Reciprocal", above_one), x)


@makes("ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2")
def reduction(g, x, data, rng):
    op_type = data.draw(st.sampled_from(["ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2"]))
    axes = data.draw(st.lists(st.integers(-4, -1), min_size=1, max_size=4, unique=True))
    keep = data.draw(st.integers(0, 1))
    given = [] if len(axes) == 4 and data.draw(st.booleans()) else axes
    y = g.op(op_type, x.name, keepdims=keep, **({"axes": given} if given else {}))
    shape = tuple(1 if a - 4 in axes else n for a, n in enumerate(x.shape))
    return Tensor(g.op("Reshape", y, g.ints(*shape)), shape)


@makes("GlobalMaxPool")
def global_max_pool(g, x, data, rng):
    return Tensor(g.op("GlobalMaxPool", x.name), (*x.shape[:2], 1, 1))


@makes("Max", "Min")
def extremes(g, x, data, rng):
    op_type = data.draw(st.sampled_from(["Max", "Min"]))
    shape = tuple(n if data.draw(st.booleans()) else 1 for n in x.shape)
    others = [g.constant(rng.uniform(-2, 2, shape)), g.op("Tanh", x.name), g.op("Neg", x.name)]
    return shaped(g, g.op(op_type, x.name, *others[: data.draw(st.integers(1, 3))]), x)


@makes("Where")
def where(g, x, data, rng):
    mean = g.op("ReduceMean", x.name, axes=[data.draw(st.integers(0, 3))], keepdims=1)
    condition = g.op("Greater", g.op("Tanh", x.name), g.constant(rng.standard_normal((1, 1, 1, x.shape[3]))))
    pair = (x.name, mean) if data.draw(st.booleans()) else (mean, x.name)
    return shaped(g, g.op("Where", condition, *pair), x)


@makes("Gather")
def gather(g, x, data, rng):
    """A list of indices, some from the end and some twice, or one."""
    axis = data.draw(st.integers(-4, 3))
    n = x.shape[axis]
    shape = list(x.shape)
    if data.draw(st.booleans()):
        index = data.draw(st.integers(-n, n - 1))
        y = g.op("Gather", x.name, g.constant(index, np.int64), axis=axis)
        shape[axis] = 1
        return Tensor(g.op("Reshape", y, g.ints(*shape)), tuple(shape))
    indices = data.draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=5))
    shape[axis] = len(indices)
    return Tensor(g.op("Gather", x.name, g.ints(*indices), axis=axis), tuple(shape))


@makes("Split")
def split(g, x, data, rng):
    """Pieces of which all, or some, are used."""
    axis = data.draw(st.integers(-4, 3))
    first = data.draw(st.integers(1, max(1, x.shape[axis] - 1)))
    parts = [n for n in (first, x.shape[axis] - first) if n]
    names = [g.fresh("part") for _ in parts]
    g.nodes.append(helper.make_node("Split", [x.name, g.ints(*parts)], names, axis=axis))
    if len(parts) > 1 and data.draw(st.booleans()):
        y = g.op("Concat", *reversed(names), g.op("Tanh", names[0]), axis=axis)
        parts.append(parts[0])
    else:
        y, parts = names[-1], parts[-1:]
    shape = list(x.shape)
    shape[axis] = sum(parts)
    return Tensor(y, tuple(shape))


@makes("DepthToSpace", "SpaceToDepth")
def blocks(g, x, data, rng):
    """To depth and back in either order, so that the channels move."""
    block = data.draw(st.integers(1, 2))
    rows, columns = (n // block * block for n in x.shape[2:])
    cut = g.op("Slice", x.name, g.ints(0, 0), g.ints(rows, columns), g.ints(2, 3))
    depth = g.op("SpaceToDepth", cut, blocksize=block)
    back = g.op("DepthToSpace", depth, blocksize=block, mode=data.draw(st.sampled_from(["DCR", "CRD"])))
    return Tensor(back, (*x.shape[:2], rows, columns))


@makes("ConvTranspose")
def conv_transpose(g, x, data, rng):
    kernel = [data.draw(st.integers(1, 3)) for _ in range(2)]
    strides = [data.draw(st.integers(1, 3)) for _ in range(2)]
    dilations = [data.draw(st.integers(1, 2)) for _ in range(2)]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = [data.draw(st.integers(0, (s - 1) // 2)) for s in spans * 2]
    more = [data.draw(st.integers(0, s - 1)) for s in strides]
    outputs = data.draw(st.integers(1, 2))
    weights = rng.standard_normal((x.shape[1], outputs, *kernel)) / math.sqrt(x.shape[1])
    bias = [g.constant(rng.standard_normal(outputs))] if data.draw(st.booleans()) else []
    how = {"strides": strides, "dilations": dilations, "pads": pads, "output_padding": more}
    y = g.op("ConvTranspose", x.name, g.constant(weights), *bias, **how)
    sides = [
        (n - 1) * s + span - before - behind + o
        for n, s, span, before, behind, o in zip(
            x.shape[2:], strides, spans, pads[:2], pads[2:], more, strict=True
        )
    ]
    return Tensor(y, (x.shape[0], outputs, *sides))


@makes("LayerNormalization")
def layer_normalization(g, x, data, rng):
    axis = data.draw(st.integers(-4, 3))
    shape = x.shape[axis:]
    scale = g.constant(rng.uniform(0.5, 2, shape))
    shift = [g.constant(rng.standard_normal(shape))] if data.draw(st.booleans()) else []
    return shaped(g, g.op("LayerNormalization", x.name, scale, *shift, axis=axis, epsilon=0.1), x)


@makes("InstanceNormalization")
def groups_as_instances(g, x, data, rng):
    """As PyTorch exports a group normalisation: groups as channels, positions in one axis."""
    groups = data.draw(st.sampled_from([n for n in (1, 2, 4) if x.shape[1] % n == 0]))
    grouped = g.op("Reshape", x.name, g.ints(0, groups, -1))
    numbers = [g.constant(rng.uniform(0.5, 2, groups)) for _ in range(2)]
    y = g.op("InstanceNormalization", grouped, *numbers, epsilon=0.1)
    return shaped(g, g.op("Reshape", y, g.op("Shape", x.name)), x)


@makes("Resize")
def resized(g, x, data, rng):
    mode = data.draw(st.sampled_from(["nearest", "linear", "cubic"]))
    coordinates = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    how = {"mode": mode, "coordinate_transformation_mode": data.draw(st.sampled_from(coordinates))}
    sides = [data.draw(st.integers(2, 2 * n)) for n in x.shape[2:]]
    if data.draw(st.booleans()):
        y = g.op("Resize", x.name, "", "", g.ints(*x.shape[:2], *sides), **how)
    else:
        # The reference evaluator rounds a size that is no whole number before it aligns corners.
        fraction = 1.0 if how["coordinate_transformation_mode"] == "align_corners" else 0.5
        factors = [data.draw(st.sampled_from([1.0, 2.0, fraction, 3.0])) for _ in range(2)]
        sides = [math.floor(n * f) for n, f in zip(x.shape[2:], factors, strict=True)]
        y = g.op("Resize", x.name, "", g.constant([1, 1, *factors]), **how)
    return Tensor(y, (*x.shape[:2], *sides))
