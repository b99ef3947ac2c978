"""Outlines of regions, drawn into a small picture."""

from __future__ import annotations

from collections.abc import Sequence

from .pixels import Pixels

COLOURS = ((255, 80, 80), (80, 200, 255), (255, 220, 60), (120, 255, 120), (255, 130, 255), (255, 255, 255))
"""Of the outlines, by the regions' numbers; of more regions they repeat."""
_INSIDE = bytes([0] * 128 + [1] * 128)


def colour_of(number: int) -> tuple[int, int, int]:
    """Return the colour of the outline of the region with a number from 0."""
    return COLOURS[number % len(COLOURS)]


def outlined(picture: Pixels, masks: Sequence[Pixels]) -> Pixels:
    """Return a picture (u8, RGB or RGBA) with the outlines of masks (u8, one channel) of its size.

    An outline is where a mask is half; it has a dark line beside it, so that it is seen on every ground.
    """
    data, channels = bytearray(picture.data), picture.channels
    for number, mask in enumerate(masks):
        if (mask.width, mask.height) != (picture.width, picture.height):
            continue
        edges = _edges(mask)
        for shift, colour in ((1, (0, 0, 0)), (0, colour_of(number))):
            place = edges.find(1)
            while place >= 0:
                at = channels * (place + shift)
                if at < len(data):
                    data[at : at + 3] = bytes(colour)
                place = edges.find(1, place + 1)
    return Pixels(picture.width, picture.height, channels, picture.type, bytes(data))


def _edges(mask: Pixels) -> bytes:
    """Return 1 for each pixel that is not on the same side of the outline as its left or upper neighbour."""
    width, length = mask.width, len(mask.data)
    inside = mask.data.translate(_INSIDE)
    across = bytearray(_differing(inside, 1))
    across[::width] = bytes(mask.height)  # the left neighbour of the first column is no neighbour
    down = bytearray(_differing(inside, width))
    down[:width] = bytes(min(width, length))
    both = int.from_bytes(across, "little") | int.from_bytes(down, "little")
    return both.to_bytes(length, "little")


def _differing(inside: bytes, distance: int) -> bytes:
    """Return 1 for each of the bytes 0 and 1 that differs from the one `distance` before it."""
    number = int.from_bytes(inside, "little")
    differing = number ^ (number << (8 * distance))
    return (differing & ((1 << (8 * len(inside))) - 1)).to_bytes(len(inside), "little")
