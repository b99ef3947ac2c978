"""Terms: which losses an objective has, at which layers. They determine its graphs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

from nst_onnx.graph.passes.network_edits import Pooling
from nst_onnx.objective.losses.loss import FeatureLoss, Loss, PictureLoss, PositionwiseLoss, StatisticLoss

PICTURE = "picture"
MASK = "mask"
COEFFICIENTS = "coefficients"
LOSSES = "losses"
GRADIENT = "gradient"

L = TypeVar("L", bound=Loss, covariant=True)


TOGETHER = "*"
"""The region of a term that all regions share: each position has the factor of its own."""


@dataclass(frozen=True)
class Weighting:
    """The weights of some features' positions: `source` as in `Term`, `region` of the picture, "" for all."""

    source: str
    region: str = ""

    @property
    def name(self) -> str:
        """The source, and the region after an @."""
        return f"{self.source}@{self.region}" if self.region else self.source


@dataclass(frozen=True)
class Term(Generic[L]):
    """A loss at a layer of the extractor; "" for a loss on the picture itself.

    `region`: the name of the picture's region in which it compares, "" for all of it.
    """

    loss: L
    layer: str = ""
    region: str = ""

    @property
    def name(self) -> str:
        """The public name: "content/conv4_2", "style/conv1_1@sky", "tv"."""
        place = self.layer if self.region in ("", TOGETHER) else f"{self.layer}@{self.region}"
        return f"{self.loss.name}/{place}" if place else self.loss.name

    @property
    def source(self) -> str:
        """The name of the features it reads: the layer's, or "conv2_1/4" where they have a stride of 4."""
        stride = self.loss.stride if isinstance(self.loss, FeatureLoss) else 1
        return self.layer if stride == 1 else f"{self.layer}/{stride}"

    @property
    def weighting(self) -> Weighting:
        """The weights of its positions."""
        return Weighting(self.source, self.region)


@dataclass(frozen=True)
class Terms:
    """The terms of an objective and the form of its network. Hashable: sessions are cached by it.

    `pooling` None keeps the network's own; `same` rounds pooled sizes up. `margin`: pixels by which the
    picture's edge is repeated on every side. `masked`: whether an input ``mask`` weighs every pixel.
    """

    terms: tuple[Term[Loss], ...]
    pooling: Pooling | None = None
    same: bool = False
    margin: int = 0
    masked: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The terms' names, in the order of the `losses` output."""
        return tuple(term.name for term in self.terms)

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that some term compares, once."""
        return tuple(dict.fromkeys(term.layer for term in self.features))

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the features that terms read, each once."""
        return tuple(dict.fromkeys(term.source for term in self.features))

    @property
    def weightings(self) -> tuple[Weighting, ...]:
        """The weights of positions that terms on features have, each once."""
        return tuple(dict.fromkeys(term.weighting for term in self.features))

    @property
    def features(self) -> tuple[Term[FeatureLoss], ...]:
        """The terms on features."""
        return self._of_kind(FeatureLoss)  # type: ignore[type-abstract]

    @property
    def positionwise(self) -> tuple[Term[PositionwiseLoss], ...]:
        """The terms that compare features position by position."""
        return self._of_kind(PositionwiseLoss)

    @property
    def matched(self) -> tuple[Term[PositionwiseLoss], ...]:
        """Those of them whose targets are matched positions of the style."""
        return tuple(term for term in self.positionwise if term.loss.target == "style")

    @property
    def statistics(self) -> tuple[Term[StatisticLoss], ...]:
        """The terms that compare statistics."""
        return self._of_kind(StatisticLoss)

    @property
    def pictures(self) -> tuple[Term[PictureLoss], ...]:
        """The terms on the picture itself."""
        return self._of_kind(PictureLoss)

    def of(self, names: Collection[str]) -> Terms:
        """Return the same without the terms that are not among `names`."""
        return replace(self, terms=tuple(term for term in self.terms if term.name in names))

    def _of_kind(self, kind: type[L]) -> tuple[Term[L], ...]:
        return tuple(cast("Term[L]", term) for term in self.terms if isinstance(term.loss, kind))
