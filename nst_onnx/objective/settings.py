"""Resolved settings of an objective: its terms with their weights, and how the pictures are prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from nst_onnx.graph.passes.network_edits import Pooling
from nst_onnx.objective.guides import Guides
from nst_onnx.objective.losses.loss import FeatureLoss, Loss
from nst_onnx.objective.losses.normalisation import Normalisation
from nst_onnx.objective.terms import Term, Terms
from nst_onnx.picture import Picture

Recolouring = Literal["histogram", "covariance"]


@dataclass(frozen=True)
class WeightedTerm:
    """A term with its weight and its normalisation: the factors on its distance."""

    term: Term[Loss]
    weight: float
    normalisation: Normalisation


@dataclass(frozen=True, kw_only=True)
class ObjectiveSettings:
    """All settings of an objective, resolved: no options and no presets from here on.

    `weighted_terms`: without the temporal one, which comes with the previous frame. `pooling`, `same` and
    `margin` as in `Terms`; a `periodic` picture has no margin, its styles do. `style_scale`: longest side of
    the style pictures, relative to the content's. `styles_enlarged_to`: style pictures are enlarged to that
    longest side at most, None: to any. `style_weights`: one per style picture, None for equal ones.
    `recolouring`: the style takes the content's colours beforehand. `guides`: as in `Masks`.
    """

    weighted_terms: tuple[WeightedTerm, ...]
    pooling: Pooling | None = None
    same: bool = False
    margin: int = 0
    periodic: bool = False
    style_scale: float = 1.0
    styles_enlarged_to: int | None = None
    style_weights: tuple[float, ...] | None = None
    recolouring: Recolouring | None = None
    guides: Guides = "inside"

    def style_longest(self, longest: int, style: Picture) -> int:
        """Return the longest side of a style picture, for a painted picture of that longest side."""
        side = max(1, round(longest * self.style_scale))
        bound = side if self.styles_enlarged_to is None else self.styles_enlarged_to
        return min(side, max(bound, *style.shape))

    @cached_property
    def terms(self) -> Terms:
        """The terms of the graph, without what depends on the pictures (a mask, a previous frame)."""
        return Terms(
            tuple(weighted.term for weighted in self.weighted_terms),
            pooling=self.pooling,
            same=self.same,
            margin=0 if self.periodic else self.margin,
        )

    @property
    def compares_content(self) -> bool:
        """Whether any term compares with the content."""
        losses = [weighted.term.loss for weighted in self.weighted_terms]
        return any(isinstance(loss, FeatureLoss) and loss.target == "content" for loss in losses)

    @property
    def weights(self) -> Mapping[str, float]:
        """{term: weight}."""
        return {weighted.term.name: weighted.weight for weighted in self.weighted_terms}
