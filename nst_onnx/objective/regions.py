"""Regions of a picture, each with styles and a strength of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nst_onnx.objective.guides import Guides, guide_of
from nst_onnx.objective.losses.loss import FeatureLoss, Loss, StatisticLoss
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.settings import ObjectiveSettings, WeightedTerm
from nst_onnx.objective.terms import TOGETHER, Term, Terms
from nst_onnx.objective.tile_graphs import feature_shapes, fields_or_none
from nst_onnx.picture import Picture, resize_mask
from nst_onnx.support.arrays import Array


@dataclass(frozen=True, eq=False, kw_only=True)
class Region:
    """A region: `mask`, H×W in 0..1, of the content picture at any size.

    `styles`: its own style pictures, transparent where they do not count; `style_weights`: one for each, None
    for equal ones. `style_scale`: as in `ObjectiveSettings`, None for the same. `factor`: on the weights of
    its losses of style.
    """

    name: str
    mask: Array
    styles: Sequence[Picture]
    style_weights: tuple[float, ...] | None = None
    style_scale: float | None = None
    factor: float = 1.0

    def settings(self, settings: ObjectiveSettings) -> ObjectiveSettings:
        """Return the settings with the region's own styles' weights and scale."""
        scale = settings.style_scale if self.style_scale is None else self.style_scale
        return replace(settings, style_weights=self.style_weights, style_scale=scale)

    def mask_at(self, shape: tuple[int, int]) -> Array:
        """Return its mask at another size."""
        return resize_mask(self.mask, shape)


def guides(
    region: Region, terms: Iterable[Term[Loss]], shape: tuple[int, int], network: Network, given: Guides
) -> dict[str, Guides]:
    """Return {layer: "inside" or "plain"}: the guide of a region at each layer of a picture H×W.

    `given`: as in `Masks`.
    """
    statistics = [term for term in terms if is_of_style(term) and isinstance(term.loss, StatisticLoss)]
    found: dict[str, Guides] = {}
    if not statistics:
        return found
    of_region = Terms(tuple(statistics))
    fields, shapes = (
        fields_or_none(network.extractor, of_region),
        feature_shapes(network.extractor, of_region, shape),
    )
    for term in statistics:
        _, height, width = shapes[term.source]
        _, is_inside = guide_of(region.mask_at(shape), (height, width), fields.get(term.source), given)
        found[term.layer] = "inside" if is_inside else "plain"
    return found


def is_of_style(term: Term[Loss]) -> bool:
    """Return whether a term compares with style pictures."""
    return isinstance(term.loss, FeatureLoss) and term.loss.target == "style"


def of_regions(
    weighted_terms: Sequence[WeightedTerm], regions: Sequence[Region], shares: Mapping[str, float]
) -> tuple[WeightedTerm, ...]:
    """Return the terms with a term a region in place of each statistic of the style, one for all if matched.

    A region counts by its share of the picture, so that each of its positions has the weight that it would
    have in the whole picture; regions of the same style come to the same as one.
    """
    found: list[WeightedTerm] = []
    for weighted in weighted_terms:
        if not is_of_style(weighted.term):
            found.append(weighted)
            continue
        if not isinstance(weighted.term.loss, StatisticLoss):  # its targets are matched within each region
            found.append(replace(weighted, term=replace(weighted.term, region=TOGETHER)))
            continue
        for region in regions:
            weight = weighted.weight * region.factor * shares[region.name]
            term = replace(weighted.term, region=region.name)
            found.append(replace(weighted, term=term, weight=weight))
    return tuple(one for one in found if one.weight > 0)


def style_weights(regions: Sequence[Region], shares: Mapping[str, float]) -> tuple[float, ...]:
    """Return how much each style picture of all regions counts in the whole picture."""
    found: list[float] = []
    for region in regions:
        weights = region.style_weights or (1.0,) * len(region.styles)
        found += [shares[region.name] * weight / sum(weights) for weight in weights]
    return tuple(found)
