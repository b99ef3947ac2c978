"""Loss: what is compared, and how its value is normalised. Three kinds, told apart by how they decompose.

- `PositionwiseLoss`: features of a layer, position by position. A sum over positions, so over tiles.
- `StatisticLoss`: a statistic of a layer that is a mean over positions, such as the Gram matrix. Its sum is
  a sum over tiles; the loss is a function of the whole sum.
- `PictureLoss`: a sum over the picture's own pixels and their neighbours.

A loss is an instance of one of these. Graphs, tiles and shards are assembled from its fields. Shards in other
processes receive it by pickle, so its functions must be importable by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from onnx import TensorProto

from nst_onnx.graph import Graph
from nst_onnx.objective.losses.normalisation import Normalisation, relative
from nst_onnx.support.arrays import Array, Numbers

Target = Literal["content", "style"]
"""Which picture gives the target. The statistics of several style pictures are blended."""


@dataclass(frozen=True)
class LayerFeatures:
    """Features of a layer as tensors of a graph, with a weight for each position.

    `tensor`: 1×C×h×w. `root_weights`: the weights' square roots, 1×1×h×w; None: all are 1. `weighted`: the
    product of both. `channels_last`: whether the runtime holds features N×H×W×C inside.
    """

    tensor: str
    root_weights: str | None
    weighted: str
    channels_last: bool

    @classmethod
    def of(
        cls, g: Graph, tensor: str, root_weights: str | None = None, *, channels_last: bool = False
    ) -> LayerFeatures:
        """Return the features, weighted in the graph."""
        weighted = tensor if root_weights is None else g.op("Mul", tensor, root_weights)
        return cls(tensor, root_weights, weighted, channels_last)

    def times_weights(self, g: Graph) -> str:
        """Append the product of features and weights, for sums; `weighted` is for sums of squares."""
        return self.tensor if self.root_weights is None else g.op("Mul", self.weighted, self.root_weights)


Tensors = Callable[[Graph, LayerFeatures], str]
"""From features to a tensor: appends nodes, returns its name."""


def weighted_features(g: Graph, features: LayerFeatures) -> str:
    """Return the features times the square roots of their weights: squares are then weighted."""
    return features.weighted


def sum_of_squares(target: Array) -> float:
    """Return Σ t² in double precision."""
    return float(np.sum(np.square(target, dtype=np.float64)))


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A loss by name. `normalisation`: the factor on its distance where a preset names no other."""

    name: str
    normalisation: Normalisation = relative


@dataclass(frozen=True, kw_only=True)
class FeatureLoss(Loss, ABC):
    """A loss on the features of a layer: a distance of maps or statistics to those of a target picture.

    The distance is Σ (x − t)² unless a subclass overrides it. `stride`: pixels between neighbouring
    positions; features of layers with a smaller stride are averaged to it. `float64`: whether its graph
    requires that type.
    """

    target: Target = "content"
    stride: int = 1
    float64: bool = False

    @property
    @abstractmethod
    def axes(self) -> tuple[int | None, ...]:
        """The shape of what is compared; None where it depends on the picture or the network."""

    @abstractmethod
    def compared(self, g: Graph, features: LayerFeatures, weights: str | None = None) -> str:
        """Append what is compared to a graph. `weights`: of positions, 1×1×h×w, 0..1; None: all are 1."""

    def distance(self, g: Graph, value: str, target: str) -> str:
        """Append the distance to a graph and return it, a scalar."""
        return g.op("ReduceSumSquare", g.op("Sub", value, target), keepdims=0)

    def prepared(self, statistic: Array) -> Array:
        """Return the target of the distance for a measured map or statistic, of the same shape: itself."""
        return statistic

    def energy(self, target: Array) -> float:
        """Return what `Layer.energy` is for a target: Σ t², the distance to zero."""
        return sum_of_squares(target)


@dataclass(frozen=True, kw_only=True)
class PositionwiseLoss(FeatureLoss):
    """Compares maps 1×C×h×w position by position: with the content's, or with matched positions of the style.

    `map`: what is compared, of the features' shape, 0 where the weight is 0. `distance` must be a sum over
    positions, 0 where both maps are. A `target` of "style" is chosen by `nst_onnx.objective.matching`; its
    energy is then the variance of the style's maps, for each position.
    """

    map: Tensors = weighted_features

    @property
    def axes(self) -> tuple[int | None, ...]:
        """1×C×h×w."""
        return 1, None, None, None

    def compared(self, g: Graph, features: LayerFeatures, weights: str | None = None) -> str:
        """Append the map to a graph."""
        return self.map(g, features)


@dataclass(frozen=True, kw_only=True)
class StatisticLoss(FeatureLoss):
    """Compares the means of a statistic over positions.

    `position_sum`: the weighted sum over positions, divided by nothing. `shape`: its shape for C channels.
    Several statistics are one, concatenated. A subclass may override `distance`, and with it
    `distance_and_derivative` and `energy`.
    """

    position_sum: Tensors
    shape: Callable[[int], tuple[int, ...]]

    @property
    def axes(self) -> tuple[int | None, ...]:
        """As many axes as `shape` returns."""
        return (None,) * len(self.shape(1))

    def compared(self, g: Graph, features: LayerFeatures, weights: str | None = None) -> str:
        """Append the mean over positions to a graph."""
        if weights is not None:
            # The mask of a small visible area may be zero at every position of a coarse layer.
            positions = g.op("Max", g.op("ReduceSum", weights, keepdims=0), g.constant(1e-6))
        else:
            sides = g.op("Cast", g.op("Shape", features.tensor, start=2), to=TensorProto.FLOAT)
            positions = g.op("ReduceProd", sides, keepdims=0)
        return g.op("Mul", self.position_sum(g, features), g.op("Div", g.constant(1.0), positions))

    def distance_and_derivative(self, mean: Numbers, target: Numbers) -> tuple[float, Numbers]:
        """Return the distance and its derivative with respect to the mean, as `distance` in float64.

        Tiles require it: the mean of the whole picture is known only between their two passes.
        """
        difference = mean - target
        return float(np.square(difference).sum()), 2 * difference


@dataclass(frozen=True, kw_only=True)
class PictureLoss(Loss):
    """A loss on the picture itself, 1×3×H×W in 0..1.

    `distance`: appends the loss to a graph. `rows_below`: how many rows further down a pixel is compared
    with. `inputs`: names of further inputs of the graph, arrays c×H×W.
    """

    distance: Callable[[Graph, str], str]
    rows_below: int = 0
    inputs: tuple[str, ...] = ()
