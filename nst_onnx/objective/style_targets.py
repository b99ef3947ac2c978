"""Style targets: style pictures at their sizes, their statistics, and what positions are matched with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nst_onnx.objective.evaluation import evaluation
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.hypercolumns import Grid
from nst_onnx.objective.matching import StyleMaps
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

    `statistics`: {term: statistic}, blended. `maps`: of each picture, for losses whose target is matched.
    """

    pictures: list[tuple[Array, Array | None]]
    statistics: dict[str, Array]
    maps: list[StyleMaps]


def measure(
    network: Network,
    terms: Terms,
    styles: Sequence[Picture],
    settings: ObjectiveSettings,
    content: tuple[Array, Array | None],
    memory: Memory,
    team: Team | None = None,
) -> StyleTargets:
    """Return the targets of style pictures at the content's size times `style_scale`, recoloured if asked.

    `content`: the content's colours H×W×3 and the weights of its pixels. `settings`: of the objective, or of
    one of its regions. Raises PictureError for a picture too small for the network.
    """
    pictures = _scaled(styles, settings, content, memory)
    measured, maps = [], []
    for style, (rgb, opacity) in zip(styles, pictures, strict=True):
        shape = rgb.shape[0], rgb.shape[1]
        found = evaluation(network, terms, shape, Masks(opacity), memory, team)
        measured.append(found.statistics(planes(rgb), style.name))
        if terms.matched:
            strides = network.sessions(terms).strides
            shapes = {term.name: found.feature_shape(term.source)[1:] for term in terms.matched}
            grid = Grid(shapes, {term.name: strides[term.source] for term in terms.matched})
            maps.append(StyleMaps(style.name, grid, found.maps(planes(rgb))))
    weights = settings.style_weights or [1.0] * len(measured)
    return StyleTargets(pictures, blend(measured, weights), maps)


def _scaled(
    styles: Sequence[Picture],
    settings: ObjectiveSettings,
    content: tuple[Array, Array | None],
    memory: Memory,
) -> list[tuple[Array, Array | None]]:
    colours, weights = content
    longest = max(colours.shape[:2])
    pictures = [
        scaled(style, fit(style.shape, settings.style_longest(longest, style)), memory) for style in styles
    ]
    if settings.recolouring is None:
        return pictures
    recolour = _RECOLOUR[settings.recolouring]
    return [
        (recolour(rgb, colours, style_weights=alpha, content_weights=weights, out=rgb), alpha)
        for rgb, alpha in pictures
    ]
