"""Quality fitted of a small picture: its pixels are optimised, from the one pass on.

An evaluation of the objective takes less time than the painter's derivative, and pixels come much nearer to
the painting than a style vector. One level of the pyramid: the one pass has its large structure already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nst_onnx.feedforward.learned_style import LearnedStyle
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.team import Team
from nst_onnx.painting.one_pass import OnePass
from nst_onnx.painting.options import Options
from nst_onnx.painting.painting import Painting
from nst_onnx.picture import Picture

LONGEST = 512
"""Longest side up to which pixels are fitted; of a larger picture, the style vector is."""


def is_due(first: OnePass) -> bool:
    """Return whether pixels are fitted after a one pass."""
    return first.plan.options.quality == "fitted" and max(first.plan.shapes[-1]) <= LONGEST


def begin(
    first: OnePass,
    network: Network,
    content: Picture,
    styles: Sequence[Picture | LearnedStyle],
    options: Options,
    team: Team | None = None,
) -> Painting:
    """Return the optimisation that starts from the one pass, or from `init` where one is given."""
    start = options.init
    if start is None:
        start = Picture(first.painted(), None, "one pass", content.bits)
    paintings = [style for style in styles if isinstance(style, Picture)]
    fitted = replace(options, init=start, pyramid=bool(options.pyramid))
    return Painting(network, content, paintings, fitted, team=team)
