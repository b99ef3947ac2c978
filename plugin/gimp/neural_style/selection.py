"""Reading and setting an image's selection mask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gi.repository import Gegl, Gimp
from rectangle import Rectangle

FORMAT = "Y float"


@dataclass(frozen=True)
class Selection:
    """A selection mask: float32 values 0..1 within `bounds` (image pixels), 0 outside."""

    bounds: Rectangle
    mask: bytes

    def moved(self, x: int, y: int) -> Selection:
        """Return the selection moved `x` to the right and `y` down."""
        return Selection(self.bounds.moved(x, y), self.mask)


def current_selection(image: Gimp.Image) -> Selection | None:
    """Return the image's selection; None without one, which means everything."""
    if Gimp.Selection.is_empty(image):
        return None
    _found, _selected, left, top, right, bottom = Gimp.Selection.bounds(image)
    bounds = Rectangle(left, top, right - left, bottom - top)
    mask = image.get_selection().get_buffer().get(bounds.gegl, 1.0, FORMAT, Gegl.AbyssPolicy.NONE)
    return Selection(bounds, bytes(mask))


def select(image: Gimp.Image, selection: Selection | None) -> None:
    """Set the image's selection, clipped to the canvas; None removes it."""
    if selection is None:
        Gimp.Selection.none(image)
        return
    whole = Rectangle(0, 0, image.get_width(), image.get_height())
    channel = image.get_selection()
    shadow = channel.get_shadow_buffer()  # a new one is empty
    shadow.set(selection.bounds.gegl, FORMAT, selection.mask)
    shadow.flush()
    channel.merge_shadow(True)
    channel.free_shadow()
    channel.update(whole.x, whole.y, whole.width, whole.height)


@contextmanager
def selected(image: Gimp.Image, selection: Selection | None) -> Iterator[None]:
    """Set `selection` for the block's duration, and restore the present one."""
    now = current_selection(image)
    if now == selection:
        yield
        return
    select(image, selection)
    try:
        yield
    finally:
        select(image, now)
