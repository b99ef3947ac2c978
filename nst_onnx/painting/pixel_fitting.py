"""Quality fitted of a small picture: its pixels are optimised, from the colours of the one pass.

An evaluation of the objective takes less time than the painter's derivative, and pixels come much nearer to
the painting than a style vector. One level of the pyramid is enough: the large structure is there. Of the one
pass only what is left of it at a quarter of the size takes part, with the photo's detail: the painter's small
strokes would stay in flat areas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.team import Team
from nst_onnx.painting import presets
from nst_onnx.painting.detail import add_detail
from nst_onnx.painting.one_pass import OnePass
from nst_onnx.painting.options import Options
from nst_onnx.painting.painting import Painting
from nst_onnx.picture import Picture, fit, resize
from nst_onnx.picture.read import detached
from nst_onnx.support.arrays import Array

LONGEST = 512
"""Longest side up to which pixels are fitted; of a larger picture, the style vector is."""
_REDUCTION = 4


def readable_twice(options: Options) -> Options:
    """Return the options, open files among them read: the one pass and the optimisation take the same."""
    init, mask = (None if one is None else detached(one) for one in (options.init, options.style_mask))
    return replace(options, init=init, style_mask=mask)


def is_due(first: OnePass) -> bool:
    """Return whether pixels are fitted after a one pass."""
    return first.plan.options.quality == "fitted" and max(first.plan.shapes[-1]) <= LONGEST


def begin(
    first: OnePass,
    network: Network,
    content: Picture,
    styles: Sequence[Picture],
    options: Options,
    team: Team | None = None,
) -> Painting:
    """Return the optimisation that starts from the one pass, or from `init` where one is given."""
    if options.init is None:
        start = Picture(_start(first), None, f"one pass, painter {first.painter.digest[:16]}", content.bits)
        options = replace(options, init=start, pyramid=False)
    painting = Painting(network, content, styles, options, team=team)
    painting.clock.seconds = first.seconds
    return painting


def _start(first: OnePass) -> Array:
    """Return the one pass, its detail replaced by the photo's, H×W×3.

    The photo where the painting takes its colours.
    """
    plan = first.plan
    if plan.objective.recolouring is not None:
        return first.photo
    painted = first.painted()
    shape = painted.shape[0], painted.shape[1]
    coarse = fit(shape, max(1, round(max(shape) / _REDUCTION)))
    enlarged = resize(resize(painted, coarse), shape)
    share = presets.find(plan.options.preset).detail if plan.objective.compares_content else 0.0
    return add_detail(enlarged, first.photo, coarse, share, plan.memory)
