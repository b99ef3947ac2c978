"""The picture of the live preview, with the regions' outlines, and a place in it to click on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from display import pixbuf_of
from gi.repository import Gdk, GdkPixbuf, Gtk
from nst_client import Pixels
from nst_client.outline import outlined


class PreviewPicture(Gtk.EventBox):
    """Shows pictures in `width` × `height` pixels.

    `clicked(x, y)` is called with the place of a click, each in 0..1 of the picture.
    """

    def __init__(self, width: int, height: int, clicked: Callable[[float, float], None]) -> None:
        super().__init__()
        self._width, self._height, self._clicked = width, height, clicked
        self._image = Gtk.Image()
        self._image.set_size_request(width, height)
        self.add(self._image)
        self._picture: Pixels | None = None
        self.painted: Pixels | None = None
        self._outlines: Sequence[Pixels] = ()
        self.connect("button-press-event", self._press)
        self.connect("realize", self._show_pointer)

    def show_picture(self, picture: Pixels, *, painted: bool = False) -> None:
        """Show a picture (u8, RGB or RGBA). `painted`: it is no photo any more."""
        self._picture = picture
        self.painted = picture if painted else None
        self._draw()

    def show_outlines(self, masks: Sequence[Pixels]) -> None:
        """Show the outlines of masks of the picture's size from now on."""
        self._outlines = masks
        if self._picture is not None:
            self._draw()

    def _draw(self) -> None:
        assert self._picture is not None
        picture = outlined(self._picture, self._outlines)
        scale = min(self._width / picture.width, self._height / picture.height)
        sides = (max(round(length * scale), 1) for length in (picture.width, picture.height))
        pixbuf = pixbuf_of(picture)
        if scale != 1:
            pixbuf = pixbuf.scale_simple(*sides, GdkPixbuf.InterpType.BILINEAR)
        self._image.set_from_pixbuf(pixbuf)

    def _press(self, _widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        pixbuf = self._image.get_pixbuf()
        if pixbuf is None or event.button != Gdk.BUTTON_PRIMARY or event.type != Gdk.EventType.BUTTON_PRESS:
            return False
        around = self.get_allocation()
        width, height = pixbuf.get_width(), pixbuf.get_height()
        x = (event.x - (around.width - width) / 2) / width
        y = (event.y - (around.height - height) / 2) / height
        if 0 <= x <= 1 and 0 <= y <= 1:
            self._clicked(x, y)
        return True

    def _show_pointer(self, _widget: Gtk.Widget) -> None:
        self.get_window().set_cursor(Gdk.Cursor.new_from_name(self.get_display(), "crosshair"))
