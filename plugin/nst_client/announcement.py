"""What a painting will be, in words, before it begins: its layer, its size, and whether it is a sketch."""

from __future__ import annotations

from .translation import _


def announcement(
    name: str,
    width: int,
    height: int,
    longest: int,
    seconds: float | None = None,
    *,
    selected: bool = False,
    one_pass: bool = False,
) -> str:
    """Return a sentence about a layer, or a part of one, of `width` × `height` pixels.

    `longest`: the longest side at which the engine paints it. `seconds`: how long that takes, where known.
    `selected`: whether it is the selected part of the layer called `name`. `one_pass`: whether the quality is
    one of those of which no time is known, for they take so little.
    """
    what = _("the selected part of “{name}”") if selected else _("“{name}”")
    text = _announced(what.format(name=name), width, height, longest)
    if seconds is None:
        return f"{text} {_('Takes seconds.')}" if one_pass else text
    return f"{text} {_duration(seconds)}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return _("About {seconds} s.").format(seconds=max(round(seconds), 1))
    if seconds < 90 * 60:
        return _("About {minutes} min.").format(minutes=round(seconds / 60))
    return _("About {hours} h.").format(hours=f"{seconds / 3600:.1f}")


def _announced(what: str, width: int, height: int, longest: int) -> str:
    size = _("{width}×{height} pixels").format(width=width, height=height)
    if longest >= max(width, height):
        return _("Paints every pixel of {what}: {size}.").format(what=what, size=size)
    return _("Paints {what} ({size}) as a sketch: {side} of {longest} pixels, then enlarged.").format(
        what=what, size=size, side=longest, longest=max(width, height)
    )
