"""Places of an image that can be regions: the selection, layers and groups, layer masks, saved channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi.repository import Gegl, Gimp
from nst_client import Pixels, masks
from nst_client.failure import Failure
from nst_client.translation import _
from rectangle import Rectangle

LINEAR, CURVED = "Y u8", "Y' u8"
"""How the values of masks are stored: those of channels, in usual images of 8 bits, with the curve of sRGB.

GIMP makes a selection of such a channel, and a channel of a selection, with the values as they are.
"""
SELECTION, LAYER, MASK, CHANNEL = KINDS = "selection", "layer", "mask", "channel"
LABELS = {
    SELECTION: _("Selection"),
    LAYER: _("Layer “{name}”"),
    MASK: _("Mask of “{name}”"),
    CHANNEL: _("Channel “{name}”"),
}


@dataclass(frozen=True)
class Place:
    """`kind`: one of KINDS. `name`: of the layer or channel, unique in an image; "" of the selection."""

    kind: str
    name: str = ""

    @property
    def label(self) -> str:
        """The place in words."""
        return LABELS[self.kind].format(name=self.name)

    def find(self, image: Gimp.Image) -> Gimp.Drawable:
        """Return the drawable whose pixels say where the region is. Raises Failure where there is none."""
        found = None
        if self.kind == SELECTION:
            found = None if Gimp.Selection.is_empty(image) else image.get_selection()
        elif self.kind == CHANNEL:
            found = image.get_channel_by_name(self.name)
        else:
            found = image.get_layer_by_name(self.name)
            if found is not None and self.kind == MASK:
                found = found.get_mask()
        if found is None:
            raise Failure(
                _("a region is not in this image: {place}").format(place=self.label),
                _("choose another place for it, or remove it"),
            )
        return found

    def there(self, image: Gimp.Image) -> bool:
        """Return whether an image has this place."""
        try:
            return self.find(image) is not None
        except Failure:
            return False


def places_of(image: Gimp.Image, painted: Gimp.Layer | None) -> list[Place]:
    """Return the places of an image; of `painted`, the layer that is painted, the mask only."""
    found = [] if Gimp.Selection.is_empty(image) else [Place(SELECTION)]
    found += [Place(CHANNEL, channel.get_name()) for channel in image.get_channels()]
    layers = [*_layers(image.get_layers())]
    found += [Place(MASK, layer.get_name()) for layer in layers if layer.get_mask() is not None]
    return found + [Place(LAYER, layer.get_name()) for layer in layers if layer != painted]


def _layers(layers: list[Gimp.Layer]) -> Iterator[Gimp.Layer]:
    for layer in layers:
        yield layer
        if layer.is_group():
            yield from _layers(layer.get_children())


class PlaceMask:
    """How much of each pixel belongs to a place, as it was when this was made.

    `area`: in the image; all rectangles below are relative to its corner. A layer is there where it is
    opaque, and its layer mask, where that applies, is white.
    """

    def __init__(self, image: Gimp.Image, place: Place, area: Rectangle) -> None:
        """Raise Failure where the image has no such place."""
        drawable = place.find(image)
        self._shape: Gegl.Buffer | None = None
        curved = place.kind == CHANNEL and image.get_precision() == Gimp.Precision.U8_NON_LINEAR
        self._encoding = CURVED if curved else LINEAR
        if place.kind == LAYER:
            self._shape = _copied(drawable, area, "R'G'B'A u8")
            mask = drawable.get_mask()
            drawable = mask if mask is not None and drawable.get_apply_mask() else None
        self._mask = None if drawable is None else _copied(drawable, area, self._encoding)

    def read(self, part: Rectangle, longest: int) -> Pixels:
        """Return the mask of a part (u8, one channel), scaled to at most `longest` pixels."""
        scale = min(longest / max(part.width, part.height), 1.0)
        where = part.scaled(scale)
        parts = []
        if self._mask is not None:
            parts.append(bytes(self._mask.get(where.gegl, scale, self._encoding, Gegl.AbyssPolicy.CLAMP)))
        if self._shape is not None:
            rgba = bytes(self._shape.get(where.gegl, scale, "R'G'B'A u8", Gegl.AbyssPolicy.CLAMP))
            parts.append(rgba[3::4])
        data = masks.product(parts)
        assert data is not None, "a place is a layer, a mask, or a layer with a mask"
        return Pixels(where.width, where.height, 1, "u8", data)


def _copied(drawable: Gimp.Drawable, area: Rectangle, pixel_format: str) -> Gegl.Buffer:
    """Return the pixels of a drawable in an area of its image; empty where it is not."""
    _known, x, y = drawable.get_offsets()
    left, top = max(area.x, x), max(area.y, y)
    right = min(area.x + area.width, x + drawable.get_width())
    bottom = min(area.y + area.height, y + drawable.get_height())
    canvas = Gegl.Buffer.new(pixel_format, 0, 0, area.width, area.height)
    if left < right and top < bottom:
        common = Rectangle(left, top, right - left, bottom - top)
        source, target = common.moved(-x, -y).gegl, common.moved(-area.x, -area.y).gegl
        drawable.get_buffer().copy(source, Gegl.AbyssPolicy.NONE, canvas, target)
    return canvas
