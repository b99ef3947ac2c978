"""Pictures for display in GTK."""

from __future__ import annotations

from gi.repository import GdkPixbuf, GLib
from nst_client import Pixels


def pixbuf_of(picture: Pixels) -> GdkPixbuf.Pixbuf:
    """Return a picture (uint8, RGB or RGBA)."""
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(picture.data),
        GdkPixbuf.Colorspace.RGB,
        picture.channels == 4,
        8,
        picture.width,
        picture.height,
        picture.width * picture.channels,
    )


def scaled(picture: Pixels, width: int, height: int) -> GdkPixbuf.Pixbuf:
    """Return a picture (uint8, RGB or RGBA) scaled to fit into `width` × `height`."""
    scale = min(width / picture.width, height / picture.height)
    sides = (max(round(length * scale), 1) for length in (picture.width, picture.height))
    return pixbuf_of(picture).scale_simple(*sides, GdkPixbuf.InterpType.BILINEAR)
