"""Pictures for display in GTK."""

from __future__ import annotations

from gi.repository import GdkPixbuf, GLib
from nst_client import Pixels


def scaled(picture: Pixels, side: int) -> GdkPixbuf.Pixbuf:
    """Return a picture (uint8, RGB or RGBA) scaled to `side` pixels on its longest side."""
    pixbuf = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(picture.data),
        GdkPixbuf.Colorspace.RGB,
        picture.channels == 4,
        8,
        picture.width,
        picture.height,
        picture.width * picture.channels,
    )
    scale = side / max(picture.width, picture.height)
    width, height = (max(round(length * scale), 1) for length in (picture.width, picture.height))
    return pixbuf.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR)
