"""An image's selection, remembered and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gi.repository import Gegl, Gimp
from rectangle import Rectangle

FORMAT = "Y float"


@dataclass(frozen=True)
class Selection:
    """How far each pixel within `bounds`, in the image's pixels, is selected; outside, none is."""

    bounds: Rectangle
    mask: bytes

    def moved(self, x: int, y: int) -> Selection:
        """Return the same `x` to the right and `y` down."""
        return Selection(self.bounds.moved(x, y), self.mask)


def remembered(image: Gimp.Image) -> Selection | None:
    """Return what is selected; None where nothing is, which means everything."""
    if Gimp.Selection.is_empty(image):
        return None
    _found, _selected, left, top, right, bottom = Gimp.Selection.bounds(image)
    bounds = Rectangle(left, top, right - left, bottom - top)
    mask = image.get_selection().get_buffer().get(bounds.gegl, 1.0, FORMAT, Gegl.AbyssPolicy.NONE)
    return Selection(bounds, bytes(mask))


def select(image: Gimp.Image, selection: Selection | None) -> None:
    """Select in `image` what was remembered, as far as it goes."""
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
    """Have `selection` selected for a while, whatever is selected now."""
    now = remembered(image)
    if now == selection:
        yield
        return
    select(image, selection)
    try:
        yield
    finally:
        select(image, now)
