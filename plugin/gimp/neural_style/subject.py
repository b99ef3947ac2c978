"""The subject: a layer, or its selected part, with offset and selection as they were at the start.

The user may edit the image while it is painted. The painting is written to the stored offset and selection;
where that is no longer possible, Failure says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gi.repository import Gimp
from nst_client import region
from nst_client.failure import Failure
from nst_client.translation import _
from places import SELECTION, Place, PlaceMask
from rectangle import Rectangle
from selection import Selection, current_selection


@dataclass(frozen=True)
class Subject:
    """`painted`: the bounds of the painted part, in the layer's pixels; `context`: the same with a margin.

    `layer_bounds`: offset and size of the layer in the image; `canvas`: (width, height) of the image.
    """

    image: Gimp.Image
    layer: Gimp.Layer
    painted: Rectangle
    context: Rectangle
    selection: Selection | None
    layer_bounds: Rectangle
    canvas: tuple[int, int]

    @cached_property
    def selected_place(self) -> PlaceMask | None:
        """The selection of the moment as a mask of the layer; None where it does not limit the painting."""
        if self.selection is None:
            return None
        return PlaceMask(self.image, Place(SELECTION), self.layer_bounds)

    def check(self) -> None:
        """Raise Failure where the painting can no longer be written."""
        if not self.image.is_valid():
            raise Failure(_("the image was closed while it was being painted"))
        if not self.layer.is_valid() or self.layer.get_image() != self.image:
            raise Failure(_("the layer was removed while it was being painted"))
        now = bounds_of(self.layer)
        if (now.width, now.height) != (self.layer_bounds.width, self.layer_bounds.height) or size(
            self.image
        ) != self.canvas:
            raise Failure(_("the image was resized while it was being painted"), _("paint it again"))


def choose(image: Gimp.Image, drawables: list[Gimp.Drawable], *, whole: bool = False) -> Subject:
    """Return the subject for the selected `drawables`; `whole`: whatever the selection is. Raises Failure."""
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
    where = bounds_of(layer)
    found, *bounds = (True, 0, 0, where.width, where.height) if whole else layer.mask_intersect()
    if not found:
        raise Failure(
            _("the selection does not touch this layer"),
            _("move the selection over the layer, or remove it with Select ▸ None"),
        )
    everything = region.Rectangle(0, 0, where.width, where.height)
    context = Rectangle(*region.with_context(region.Rectangle(*bounds), everything).sides)
    selection = None if whole else current_selection(image)
    return Subject(image, layer, Rectangle(*bounds), context, selection, where, size(image))


def bounds_of(layer: Gimp.Drawable) -> Rectangle:
    """Return the offset and size of `layer` in its image."""
    _known, x, y = layer.get_offsets()
    return Rectangle(x, y, layer.get_width(), layer.get_height())


def size(image: Gimp.Image) -> tuple[int, int]:
    """Return (width, height) of `image`."""
    return image.get_width(), image.get_height()
