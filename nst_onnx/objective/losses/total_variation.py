"""Total variation: how much neighbouring pixels differ. On the picture 1×3×H×W in grey levels, 0..255."""

from __future__ import annotations

from collections.abc import Callable

from nst_onnx.graph import Graph

_FAR = 2**31 - 1


def absolute(g: Graph, picture: str) -> str:
    """Σ (|∂x| + |∂y|), anisotropic: neural-style's."""
    return g.op(
        "Add", *(g.op("ReduceSum", g.op("Abs", _step(g, picture, axis)), keepdims=0) for axis in (2, 3))
    )


def narayanan(g: Graph, picture: str) -> str:
    """Σ (∂x² + ∂y²)^1.25 over all pixels with both neighbours: Narayanan's."""
    dy = _crop(g, _step(g, picture, 2), 3)
    dx = _crop(g, _step(g, picture, 3), 2)
    energy = g.op("Add", g.op("Mul", dy, dy), g.op("Mul", dx, dx))
    return g.op("ReduceSum", g.op("Pow", energy, g.constant(1.25)), keepdims=0)


def squared(g: Graph, picture: str) -> str:
    """Σ (∂x² + ∂y²): smooth everywhere, our own."""
    return g.op("Add", *(g.op("ReduceSumSquare", _step(g, picture, axis), keepdims=0) for axis in (2, 3)))


def _step(g: Graph, picture: str, axis: int) -> str:
    """Return the differences between neighbours along an axis."""
    ahead = g.op("Slice", picture, g.ints(1), g.ints(_FAR), g.ints(axis))
    return g.op("Sub", ahead, _crop(g, picture, axis))


def _crop(g: Graph, tensor: str, axis: int) -> str:
    """Return the tensor without its last position along an axis."""
    return g.op("Slice", tensor, g.ints(0), g.ints(-1), g.ints(axis))


FORMS: dict[str, Callable[[Graph, str], str]] = {
    "absolute": absolute,
    "narayanan": narayanan,
    "squared": squared,
}


def factor(form: str, pixels: int) -> float:
    """Return the factor on a form's sum: 1 as published; our own is a mean, in units of the full range."""
    return 1 / (3 * pixels * 255.0**2) if form == "squared" else 1.0
