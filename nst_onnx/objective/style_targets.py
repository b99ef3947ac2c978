"""Style targets: style pictures at their sizes, their statistics, and what positions are matched with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nst_onnx.objective.evaluation import evaluation
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.hypercolumns import Grid
from nst_onnx.objective.matching import StyleMaps
from nst_onnx.objective.regions import Region, is_of_style
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.settings import ObjectiveSettings
from nst_onnx.objective.shards.team import Team
from nst_onnx.objective.targets import blend, planes, scaled
from nst_onnx.objective.terms import Terms
from nst_onnx.picture import Picture, fit
from nst_onnx.picture.colour import match_covariance, match_histogram
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

_RECOLOUR = {"histogram": match_histogram, "covariance": match_covariance}


@dataclass(frozen=True, eq=False)
class StyleTargets:
    """`pictures`: colours H×W×3 and opacity of each style picture, as they are measured.

    `statistics`: {term: statistic}, blended. `maps`: of each region, those of its pictures, with the
    pictures' weights, for losses whose target is matched.
    """

    pictures: list[tuple[Array, Array | None]]
    statistics: dict[str, Array]
    maps: list[tuple[list[StyleMaps], Sequence[float]]]


@dataclass(frozen=True, eq=False)
class Measuring:
    """How style pictures are measured. `content`: the content's colours H×W×3, whose size they are scaled
    by.
    """

    network: Network
    memory: Memory
    team: Team | None
    content: Array

    def of_styles(
        self,
        styles: Sequence[Picture],
        terms: Terms,
        settings: ObjectiveSettings,
        weights: Array | None,
    ) -> StyleTargets:
        """Return the targets of style pictures at the content's size times `style_scale`, perhaps recoloured.

        `weights`: of the content's pixels, whose colours the styles may take. Raises PictureError for a
        picture too small for the network.
        """
        pictures = self._scaled(styles, settings, weights)
        measured, maps = [], []
        for style, (rgb, opacity) in zip(styles, pictures, strict=True):
            shape = rgb.shape[0], rgb.shape[1]
            found = evaluation(self.network, terms, shape, Masks(opacity), self.memory, self.team)
            measured.append(found.statistics(planes(rgb), style.name))
            if terms.matched:
                strides = self.network.sessions(terms).strides
                shapes = {term.name: found.feature_shape(term.source)[1:] for term in terms.matched}
                grid = Grid(shapes, {term.name: strides[term.source] for term in terms.matched})
                maps.append(StyleMaps(style.name, grid, found.maps(planes(rgb))))
        shares = settings.style_weights or [1.0] * len(measured)
        return StyleTargets(pictures, blend(measured, shares), [(maps, shares)])

    def of_regions(
        self, regions: Sequence[Region], settings: ObjectiveSettings, masks: Masks
    ) -> StyleTargets:
        """Return the targets of all regions, each of its own styles. Raises PictureError as `of_styles`."""
        kept = tuple(one.term for one in settings.weighted_terms if is_of_style(one.term))
        every = StyleTargets([], {}, [])
        for region in regions:
            masked = any(style.alpha is not None for style in region.styles)
            terms = replace(settings.terms, terms=kept, masked=masked)
            weights = masks.of_pixels(region.name)
            found = self.of_styles(region.styles, terms, region.settings(settings), weights)
            every.pictures.extend(found.pictures)
            every.maps.extend(found.maps)
            every.statistics.update({f"{term}@{region.name}": one for term, one in found.statistics.items()})
        return every

    def _scaled(
        self, styles: Sequence[Picture], settings: ObjectiveSettings, weights: Array | None
    ) -> list[tuple[Array, Array | None]]:
        longest = max(self.content.shape[:2])
        sides = [settings.style_longest(longest, style) for style in styles]
        pictures = [
            scaled(style, fit(style.shape, side), self.memory)
            for style, side in zip(styles, sides, strict=True)
        ]
        if settings.recolouring is None:
            return pictures
        recolour = _RECOLOUR[settings.recolouring]
        return [
            (recolour(rgb, self.content, style_weights=alpha, content_weights=weights, out=rgb), alpha)
            for rgb, alpha in pictures
        ]
