"""Small pictures laid over one another, without numpy, which editors may lack."""

from __future__ import annotations

from array import array

from .pixels import Pixels


def in_bytes(picture: Pixels) -> Pixels:
    """Return a picture as u8 RGB, without its alpha. `picture`: u8 or f32, RGB or RGBA."""
    data: bytes = picture.data
    if picture.type == "f32":
        samples = array("f", data)
        data = bytes([0 if not v > 0 else 255 if v >= 1 else int(v * 255 + 0.5) for v in samples])
    if picture.channels == 4:
        rgb = bytearray(3 * picture.width * picture.height)
        for channel in range(3):
            rgb[channel::3] = data[channel::4]
        data = bytes(rgb)
    return Pixels(picture.width, picture.height, 3, "u8", data)


def blended(below: Pixels, above: Pixels, mask: Pixels) -> Pixels:
    """Return `above` laid over `below`, as much as the mask (u8, one channel) says. All are of one size."""
    if not below.width * below.height == above.width * above.height == len(mask.data):
        return above
    shares = bytearray(3 * len(mask.data))
    for channel in range(3):
        shares[channel::3] = mask.data
    data = bytes([(a * s + b * (255 - s) + 127) // 255 for b, a, s in zip(below.data, above.data, shares)])
    return Pixels(below.width, below.height, 3, "u8", data)
