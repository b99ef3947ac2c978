"""Output of a painting: a new layer, the layer itself, or a new image; always in one undo step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gi.repository import Gimp
from nst_client import Pixels, painting_record
from nst_client.failure import Failure
from nst_client.painting_record import PaintingRecord
from nst_client.translation import _
from pixels import copy_pixels, paint_into, with_filters
from selection import select, selected
from subject import Subject, bounds_of

NEW_LAYER, REPLACE, NEW_IMAGE = "new-layer", "replace", "new-image"


def check(layer: Gimp.Layer, output: str) -> None:
    """Raise Failure where `output` is impossible for `layer`; called before the painting starts."""
    if output == REPLACE and layer.is_group():
        raise Failure(
            _("a layer group has no pixels of its own that could be replaced"), _("choose a new layer")
        )
    if output == REPLACE and layer.get_lock_content():
        raise Failure(_("the pixels of this layer are locked"), _("unlock them, or choose a new layer"))


@contextmanager
def source_layer(layer: Gimp.Layer, output: str) -> Iterator[Gimp.Layer]:
    """Context manager for the layer whose pixels are painted."""
    if output == REPLACE:  # the layer's filters stay, and apply to the painting as well
        yield layer
        return
    with with_filters(layer) as filtered:
        yield filtered


def deliver(
    subject: Subject, painting: Pixels, output: str, name: str, record: PaintingRecord
) -> tuple[Gimp.Image, Gimp.Layer]:
    """Write `painting` to `output`, and return the image and the layer that contain it.

    `name`: of a new layer. `record`: stored with the painted layer. The layers that are selected stay
    selected, so that *Re-Show* and *Repeat* paint the photo again and not the painting.
    """
    subject.check()
    check(subject.layer, output)
    if output == NEW_IMAGE:
        image, painted = _new_image(subject, painting, name)
        attach(painted, record)
        return image, painted
    with undo_group(subject.image):
        chosen = subject.image.get_selected_layers()
        if output == REPLACE:
            painted = subject.layer
            paint(painted, subject, painting)
        else:
            painted = _painted_layer(subject, painting, name)
        attach(painted, record)
        subject.image.set_selected_layers(chosen)
    return subject.image, painted


def _painted_layer(subject: Subject, painting: Pixels, name: str) -> Gimp.Layer:
    """Insert a painted copy of the subject's layer above it."""
    painted = _new_layer(subject, name)
    try:
        paint(painted, subject, painting)
    except BaseException:
        subject.image.remove_layer(painted)
        raise
    return painted


def paint(layer: Gimp.Layer, subject: Subject, painting: Pixels) -> None:
    """Write the painting into a layer of the image of the subject, where that is painted."""
    with _at_original_offset(layer, subject), selected(subject.image, subject.selection):
        paint_into(layer, subject.painted, subject.context, painting)


def record_of(layer: Gimp.Layer) -> PaintingRecord | None:
    """Return the record that is stored with a painted layer; None for any other layer."""
    parasite = layer.get_parasite(painting_record.NAME)
    return None if parasite is None else PaintingRecord.decoded(bytes(parasite.get_data()))


def attach(layer: Gimp.Layer, record: PaintingRecord) -> None:
    """Store a record with a painted layer."""
    flags = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
    layer.attach_parasite(Gimp.Parasite.new(painting_record.NAME, flags, record.encoded()))


def mode_of(layer: Gimp.Layer) -> Gimp.LayerMode:
    """Return the mode of what is painted from a layer; a group may have one that only groups can have."""
    return Gimp.LayerMode.NORMAL if layer.is_group() else layer.get_mode()


def _new_layer(subject: Subject, name: str) -> Gimp.Layer:
    """Insert a copy of the subject's layer, filters merged, above it."""
    image, layer = subject.image, subject.layer
    painted = Gimp.Layer.new(
        image,
        name,
        layer.get_width(),
        layer.get_height(),
        layer.type(),
        layer.get_opacity(),
        mode_of(layer),
    )
    painted.set_offsets(*layer.get_offsets()[1:])
    with with_filters(layer) as source:
        copy_pixels(source, painted)
    mask = layer.get_mask()
    if mask is not None:
        twin = painted.create_mask(Gimp.AddMaskType.WHITE)
        painted.add_mask(twin)
        copy_pixels(mask, twin)
        painted.set_apply_mask(layer.get_apply_mask())
        painted.set_edit_mask(False)
    image.insert_layer(painted, layer.get_parent(), position_above(image, layer))
    return painted


def position_above(image: Gimp.Image, layer: Gimp.Layer) -> int:
    """Return the position for a new painting of a layer: above it, and above earlier ones right there.

    Below an earlier painting it would not be seen.
    """
    parent, position = layer.get_parent(), image.get_item_position(layer)
    beside = image.get_layers() if parent is None else parent.get_children()
    while position and _is_of(beside[position - 1], layer):
        position -= 1
    return int(position)


def _is_of(painting: Gimp.Layer, layer: Gimp.Layer) -> bool:
    record = record_of(painting)
    return record is not None and record.source_number == layer.get_tattoo()


def _new_image(subject: Subject, painting: Pixels, name: str) -> tuple[Gimp.Image, Gimp.Layer]:
    """Return a new image of the layer's size, its selected part painted."""
    image, layer, bounds = subject.image, subject.layer, subject.layer_bounds
    indexed = (
        image.get_base_type() == Gimp.ImageBaseType.INDEXED
    )  # the photo's palette lacks the painting's colours
    base = Gimp.ImageBaseType.RGB if indexed else image.get_base_type()
    new = Gimp.Image.new_with_precision(bounds.width, bounds.height, base, image.get_precision())
    new.undo_disable()
    profile = image.get_color_profile()
    if profile is not None:  # GIMP shows an error dialog for None
        new.set_color_profile(profile)
    new.set_resolution(*image.get_resolution()[1:])
    kinds = {
        Gimp.ImageBaseType.RGB: (Gimp.ImageType.RGB_IMAGE, Gimp.ImageType.RGBA_IMAGE),
        Gimp.ImageBaseType.GRAY: (Gimp.ImageType.GRAY_IMAGE, Gimp.ImageType.GRAYA_IMAGE),
    }
    kind = kinds[base][layer.has_alpha()]
    painted = Gimp.Layer.new(new, name, bounds.width, bounds.height, kind, 100, Gimp.LayerMode.NORMAL)
    new.insert_layer(painted, None, 0)
    with with_filters(layer) as source:
        copy_pixels(source, painted)
    select(new, subject.selection and subject.selection.moved(-bounds.x, -bounds.y))
    paint_into(painted, subject.painted, subject.context, painting)
    select(new, None)
    new.undo_enable()
    return new, painted


@contextmanager
def _at_original_offset(layer: Gimp.Layer, subject: Subject) -> Iterator[None]:
    """Move `layer` for the block's duration to the offset that the subject's layer had when chosen."""
    now = bounds_of(layer)
    if now == subject.layer_bounds:
        yield
        return
    layer.set_offsets(subject.layer_bounds.x, subject.layer_bounds.y)
    try:
        yield
    finally:
        layer.set_offsets(now.x, now.y)


@contextmanager
def undo_group(image: Gimp.Image) -> Iterator[None]:
    """Context manager for what is undone in one step."""
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()
