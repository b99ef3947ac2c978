"""What a painting will be, in words, before it begins: its layer, its size, and whether it is a sketch."""

from __future__ import annotations

from .translation import _


def announcement(name: str, width: int, height: int, longest: int, seconds: float | None = None) -> str:
    """Return a sentence about a layer, or a part of one, of `width` × `height` pixels.

    `longest`: the longest side at which the engine paints it. `seconds`: how long that takes, where known.
    """
    text = _announced(name, width, height, longest)
    return text if seconds is None else f"{text} {_duration(seconds)}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return _("About {seconds} s.").format(seconds=max(round(seconds), 1))
    if seconds < 90 * 60:
        return _("About {minutes} min.").format(minutes=round(seconds / 60))
    return _("About {hours} h.").format(hours=f"{seconds / 3600:.1f}")


def _announced(name: str, width: int, height: int, longest: int) -> str:
    size = _("{width}×{height} pixels").format(width=width, height=height)
    if longest >= max(width, height):
        return _("Paints every pixel of “{name}”: {size}.").format(name=name, size=size)
    return _("Paints “{name}” ({size}) as a sketch: {side} of {longest} pixels, then enlarged.").format(
        name=name, size=size, side=longest, longest=max(width, height)
    )
