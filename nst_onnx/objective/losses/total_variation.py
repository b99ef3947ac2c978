"""Total variation: how much neighbouring pixels differ. Three published forms, in grey levels 0..255."""

from __future__ import annotations

from nst_onnx.graph import Graph
from nst_onnx.objective.losses.loss import PictureLoss
from nst_onnx.objective.losses.normalisation import Layer, unscaled

_FAR = 2**31 - 1
_GREY_LEVELS = 255.0


def absolute(g: Graph, picture: str) -> str:
    """Σ (|∂x| + |∂y|), anisotropic: neural-style's."""
    levels = _levels(g, picture)
    return g.op(
        "Add", *(g.op("ReduceSum", g.op("Abs", _step(g, levels, axis)), keepdims=0) for axis in (2, 3))
    )


def narayanan(g: Graph, picture: str) -> str:
    """Σ (∂x² + ∂y²)^1.25 over all pixels with both neighbours: Narayanan's."""
    levels = _levels(g, picture)
    dy = _crop(g, _step(g, levels, 2), 3)
    dx = _crop(g, _step(g, levels, 3), 2)
    energy = g.op("Add", g.op("Mul", dy, dy), g.op("Mul", dx, dx))
    return g.op("ReduceSum", g.op("Pow", energy, g.constant(1.25)), keepdims=0)


def squared(g: Graph, picture: str) -> str:
    """Σ (∂x² + ∂y²): smooth everywhere, our own."""
    levels = _levels(g, picture)
    return g.op("Add", *(g.op("ReduceSumSquare", _step(g, levels, axis), keepdims=0) for axis in (2, 3)))


def mean(layer: Layer) -> float:
    """The mean over the picture's numbers, in units of the full range: our own."""
    return 1 / (3 * layer.pixels * _GREY_LEVELS**2)


def _levels(g: Graph, picture: str) -> str:
    return g.op("Mul", picture, g.constant(_GREY_LEVELS))


def _step(g: Graph, picture: str, axis: int) -> str:
    """Return the differences between neighbours along an axis."""
    ahead = g.op("Slice", picture, g.ints(1), g.ints(_FAR), g.ints(axis))
    return g.op("Sub", ahead, _crop(g, picture, axis))


def _crop(g: Graph, tensor: str, axis: int) -> str:
    """Return the tensor without its last position along an axis."""
    return g.op("Slice", tensor, g.ints(0), g.ints(-1), g.ints(axis))


SQUARED = PictureLoss(name="tv", distance=squared, rows_below=1, normalisation=mean)
ABSOLUTE = PictureLoss(name="tv", distance=absolute, rows_below=1, normalisation=unscaled)
NARAYANAN = PictureLoss(name="tv", distance=narayanan, rows_below=1, normalisation=unscaled)
