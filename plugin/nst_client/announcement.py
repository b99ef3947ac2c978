"""What a painting will be, in words, before it begins: its layer, its size, and whether it is a sketch."""

from __future__ import annotations

from .translation import _


def announcement(name: str, width: int, height: int, longest: int) -> str:
    """Return a sentence about a layer, or a part of one, of `width` × `height` pixels.

    `longest`: the longest side at which the engine paints it.
    """
    size = _("{width}×{height} pixels").format(width=width, height=height)
    if longest >= max(width, height):
        return _("Paints every pixel of “{name}”: {size}.").format(name=name, size=size)
    return _("Paints “{name}” ({size}) as a sketch: {side} of {longest} pixels, then enlarged.").format(
        name=name, size=size, side=longest, longest=max(width, height)
    )
