"""Geometry of sliding windows, shared by convolution and pooling: kernel, strides, padding, their inverse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx

from nst_onnx.errors import GraphError
from nst_onnx.graph.builder import Graph, attribute


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The geometry of a sliding window over the spatial axes of an N×C×… tensor."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]  # begins, then ends; all 0 where auto_pad decides
    auto_pad: str
    ceil: bool

    @classmethod
    def of(cls, node: onnx.NodeProto, kernel: tuple[int, ...]) -> Windows:
        """Read a node's attributes, with ONNX's defaults."""
        n = len(kernel)
        dilations = tuple(attribute(node, "dilations", [1] * n))
        strides = tuple(attribute(node, "strides", [1] * n))
        pads = tuple(attribute(node, "pads", [0] * 2 * n))
        auto_pad = attribute(node, "auto_pad", "NOTSET")
        if auto_pad in ("SAME_UPPER", "SAME_LOWER") and set(strides) == {1}:
            # With steps of 1 the padding does not depend on the size.
            extra = [(k - 1) * d for k, d in zip(kernel, dilations, strict=True)]
            small, large = [e // 2 for e in extra], [e - e // 2 for e in extra]
            pads = tuple(small + large if auto_pad == "SAME_UPPER" else large + small)
            auto_pad = "NOTSET"
        if auto_pad == "VALID":
            auto_pad, pads = "NOTSET", (0,) * 2 * n
        return cls(
            kernel=kernel,
            strides=strides,
            dilations=dilations,
            pads=pads,
            auto_pad=auto_pad,
            ceil=bool(attribute(node, "ceil_mode", 0)),
        )

    @property
    def span(self) -> tuple[int, ...]:
        """Extent of the dilated window along each axis: (kernel − 1)·dilation + 1."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True))

    @property
    def tiling(self) -> bool:
        """Whether windows partition the input, without overlap or gaps."""
        return self.kernel == self.strides == self.span

    def begins(self, g: Graph, x: str, y: str) -> str:
        """Return (1-D int64) the padding before the first position along each spatial axis."""
        n = len(self.kernel)
        if self.auto_pad == "NOTSET":
            return g.ints(*self.pads[:n])
        total = g.op("Max", g.op("Sub", self.covered(g, y), spatial(g, x)), g.ints(*[0] * n))
        upper = g.op("Div", total, g.ints(*[2] * n))
        return upper if self.auto_pad == "SAME_UPPER" else g.op("Sub", total, upper)

    def covered(self, g: Graph, y: str) -> str:
        """Return (1-D int64) the extent of all windows together, padding included: (o−1)·stride + span."""
        n = len(self.kernel)
        steps = g.op("Mul", g.op("Sub", spatial(g, y), g.ints(*[1] * n)), g.ints(*self.strides))
        return g.op("Add", steps, g.ints(*self.span))

    def padding(self, g: Graph, x: str, y: str) -> str:
        """Return ONNX pads that pad (or, where negative, crop) x to the extent of all windows."""
        begins = self.begins(g, x, y)
        ends = g.op("Sub", g.op("Sub", self.covered(g, y), spatial(g, x)), begins)
        outer = g.ints(0, 0)
        return g.op("Concat", outer, begins, outer, ends, axis=0)

    def spread(self, g: Graph, dy: str, channels: int) -> str:
        """Return, for every covered position, the sum of `dy` over the windows it lies in."""
        ones = g.constant(np.ones((channels, 1, *self.kernel), np.float32))
        return g.op("ConvTranspose", dy, ones, group=channels, strides=self.strides, dilations=self.dilations)

    def tile(self, g: Graph, dy: str) -> str:
        """Return each window's `dy` repeated over the window, for windows that partition the input."""
        scales = g.constant(np.asarray((1, 1, *self.strides), np.float32))
        return g.op(
            "Resize",
            dy,
            "",
            scales,
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )


def spatial(g: Graph, name: str) -> str:
    """Return (1-D int64) the lengths of the spatial axes, those after N and C."""
    return g.op("Shape", name, start=2)


def channels_of(g: Graph, name: str, node: onnx.NodeProto) -> int:
    """Return the number of channels, which must be fixed in the graph."""
    shape = g.shape(name)
    if shape is None or len(shape) < 3 or shape[1] is None:
        raise GraphError(f"cannot tell the number of channels of {node.op_type} (node {node.output[0]!r})")
    return shape[1]
