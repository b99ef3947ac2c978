"""Output of a painting with regions as a group of layers: one for each region, with a layer mask."""

from __future__ import annotations

import mask_graph
from gi.repository import Gegl, Gimp
from nst_client import Pixels
from nst_client.painting_record import PaintingRecord
from outcome import attach, mode_of, paint, position_above, undo_group
from pixels import copy_pixels, with_filters
from rectangle import Rectangle
from region_masks import RegionMasks
from selection import FORMAT, Selection
from subject import Subject

OPAQUE = {
    Gimp.ImageType.RGBA_IMAGE: Gimp.ImageType.RGB_IMAGE,
    Gimp.ImageType.GRAYA_IMAGE: Gimp.ImageType.GRAY_IMAGE,
    Gimp.ImageType.INDEXEDA_IMAGE: Gimp.ImageType.INDEXED_IMAGE,
}


def deliver_layers(
    subject: Subject, painting: Pixels, regions: RegionMasks, name: str, record: PaintingRecord
) -> tuple[Gimp.Image, Gimp.Layer]:
    """Insert a group with a copy of the painting for each region above the subject's layer; return it.

    The layers together look as the painting in one layer does, and what is kept is transparent. Beyond a
    selection that limits the painting each layer shows the photo. The opacity, mode, transparency and layer
    mask of the photo, and what is kept, are the group's. The rest is the lowest layer. One undo step.
    """
    subject.check()
    image, layer = subject.image, subject.layer
    with undo_group(image):
        chosen = image.get_selected_layers()
        group = Gimp.GroupLayer.new(image, name)
        group.set_mode(mode_of(layer))
        group.set_opacity(layer.get_opacity())
        image.insert_layer(group, layer.get_parent(), position_above(image, layer))
        try:
            _fill(group, subject, painting, regions, name)
            factors = [*_of_photo(layer), *map(mask_graph.inverted, regions.kept())]
            if factors:  # last, for the group has the size of what is in it
                _set_mask(group, mask_graph.multiplied(factors))
            for painted in (group, *group.get_children()):
                attach(painted, record)
        except BaseException:
            image.remove_layer(group)
            raise
        image.set_selected_layers(chosen)
    return image, group


def _fill(
    group: Gimp.GroupLayer, subject: Subject, painting: Pixels, regions: RegionMasks, name: str
) -> None:
    """Insert a painted layer for each region, the first one as the lowest."""
    masks = regions.layer_masks()
    first = _opaque_copy(subject.layer)
    subject.image.insert_layer(first, group, 0)
    paint(first, subject, painting)
    layers = [first, *(first.copy() for _more in masks[1:])]
    for layer in layers[1:]:
        subject.image.insert_layer(layer, group, 0)
    for layer, (label, mask) in zip(layers, masks):
        layer.set_name(f"{label}: {name}")
        if mask is not None:
            _set_mask(layer, mask)


def _opaque_copy(layer: Gimp.Layer) -> Gimp.Layer:
    """Return a copy of the subject's layer, filters merged, without transparency; not yet inserted.

    Several layers that are transparent in part would cover more than one of them does.
    """
    kind = OPAQUE.get(layer.type(), layer.type())
    sides = layer.get_width(), layer.get_height()
    copy = Gimp.Layer.new(layer.get_image(), layer.get_name(), *sides, kind, 100, Gimp.LayerMode.NORMAL)
    copy.set_offsets(*layer.get_offsets()[1:])
    with with_filters(layer) as source:
        copy_pixels(source, copy)
    return copy


def _of_photo(layer: Gimp.Layer) -> list[Gegl.Buffer]:
    """Return the photo's own masks: its layer mask where that applies, and its transparency."""
    found = []
    whole = Rectangle(0, 0, layer.get_width(), layer.get_height())
    mask = layer.get_mask()
    if mask is not None and layer.get_apply_mask():
        own = Gegl.Buffer.new(FORMAT, 0, 0, whole.width, whole.height)
        mask.get_buffer().copy(whole.gegl, Gegl.AbyssPolicy.NONE, own, whole.gegl)
        found.append(own)
    if layer.has_alpha():
        with with_filters(layer) as source:
            alpha = bytes(source.get_buffer().get(whole.gegl, 1.0, "A float", Gegl.AbyssPolicy.NONE))
        found.append(mask_graph.buffer_of(Selection(whole, alpha), whole))
    return found


def _set_mask(layer: Gimp.Layer, values: Gegl.Buffer) -> None:
    """Give a layer a layer mask of its size: written as it is, whatever is selected."""
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    buffer, whole = mask.get_buffer(), Rectangle(0, 0, layer.get_width(), layer.get_height())
    values.copy(whole.gegl, Gegl.AbyssPolicy.NONE, buffer, whole.gegl)
    buffer.flush()
    mask.update(0, 0, whole.width, whole.height)
    layer.set_edit_mask(False)
