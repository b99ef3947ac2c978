"""What is painted: a layer, or the selected part of it, as it was when the person asked for it.

A painting takes its time, and meanwhile the person goes on working. So the place and the selection are
remembered, and the painting lands as if nothing had been touched; where it no longer can, that is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gimp
from nst_client import region
from nst_client.failure import Failure
from nst_client.translation import _
from rectangle import Rectangle
from selection import Selection, remembered


@dataclass(frozen=True)
class Subject:
    """`painted`: the bounds of what is painted of `layer`, in its pixels; `seen`: with its surroundings.

    `place` is where the layer lay in the image, `canvas` the image's size.
    """

    image: Gimp.Image
    layer: Gimp.Layer
    painted: Rectangle
    seen: Rectangle
    selection: Selection | None
    place: Rectangle
    canvas: tuple[int, int]

    def check(self) -> None:
        """Raise Failure where the painting can no longer land."""
        if not self.image.is_valid():
            raise Failure(_("the image was closed while it was being painted"))
        if not self.layer.is_valid() or self.layer.get_image() != self.image:
            raise Failure(_("the layer was removed while it was being painted"))
        now = place(self.layer)
        if (now.width, now.height) != (self.place.width, self.place.height) or size(
            self.image
        ) != self.canvas:
            raise Failure(_("the image was resized while it was being painted"), _("paint it again"))


def choose(image: Gimp.Image, drawables: list[Gimp.Drawable]) -> Subject:
    """Return what to paint where `drawables` are selected. Raises Failure."""
    if len(drawables) != 1:
        raise Failure(_("one layer must be selected, not {number}").format(number=len(drawables)))
    layer = drawables[0]
    if not layer.is_layer():
        raise Failure(
            _("a mask or a channel is selected, and only layers can be painted"),
            _("click the layer's own picture in the Layers panel"),
        )
    if layer.is_floating_sel():
        raise Failure(
            _("a floating selection cannot be painted"), _("anchor it, or make it a layer of its own")
        )
    found, *bounds = layer.mask_intersect()
    if not found:
        raise Failure(
            _("the selection does not touch this layer"),
            _("move the selection over the layer, or remove it with Select ▸ None"),
        )
    painted, where = Rectangle(*bounds), place(layer)
    there = region.Rectangle(0, 0, where.width, where.height)
    seen = Rectangle(*region.surroundings(region.Rectangle(*bounds), there).sides)
    return Subject(image, layer, painted, seen, remembered(image), where, size(image))


def place(layer: Gimp.Drawable) -> Rectangle:
    """Return where `layer` lies in its image."""
    _known, x, y = layer.get_offsets()
    return Rectangle(x, y, layer.get_width(), layer.get_height())


def size(image: Gimp.Image) -> tuple[int, int]:
    """Return the width and the height of `image`."""
    return image.get_width(), image.get_height()
