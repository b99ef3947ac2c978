"""A spot of a layer in the live preview, with the strokes that it will have in the whole painting."""

from __future__ import annotations

from .choices import EngineRequest
from .option_values import OPTIONS
from .region import Rectangle


def spot_around(whole: Rectangle, place: tuple[float, float], width: int, height: int) -> Rectangle:
    """Return the part of `whole`, at most `width` × `height` pixels, around a place in it.

    `place`: x and y, each in 0..1 of the width and the height of `whole`.
    """
    width, height = min(width, whole.width), min(height, whole.height)
    left = round(place[0] * whole.width - width / 2)
    top = round(place[1] * whole.height - height / 2)
    return Rectangle(
        whole.x + min(max(left, 0), whole.width - width),
        whole.y + min(max(top, 0), whole.height - height),
        width,
        height,
    )


def in_part(request: EngineRequest, ratio: float) -> EngineRequest:
    """Return the request for a part of a picture that is `ratio` times as long, with strokes as in the whole.

    The engine scales the style with the picture. A learned style has the strokes that it has learned.
    """
    scale = request["options"].get("style_scale")
    if not isinstance(scale, (int, float)):
        return request
    about = OPTIONS["style_scale"]
    enlarged = min(max(scale * ratio, about["low"]), about["high"])
    return {**request, "options": {**request["options"], "style_scale": enlarged}}
