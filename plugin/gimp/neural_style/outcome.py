"""Where a painting goes: a new layer, the layer itself, or a new image; always in one undo step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gi.repository import Gimp
from nst_client import Pixels
from nst_client.failure import Failure
from nst_client.translation import _
from pixels import as_seen, copied, put
from selection import select, selected
from subject import Subject, place

NEW_LAYER, REPLACE, NEW_IMAGE = "new-layer", "replace", "new-image"


def check(layer: Gimp.Layer, output: str) -> None:
    """Raise Failure where `layer` cannot be painted so, before minutes of work."""
    if output == REPLACE and layer.is_group():
        raise Failure(
            _("a layer group has no pixels of its own that could be replaced"), _("choose a new layer")
        )
    if output == REPLACE and layer.get_lock_content():
        raise Failure(_("the pixels of this layer are locked"), _("unlock them, or choose a new layer"))


@contextmanager
def source(layer: Gimp.Layer, output: str) -> Iterator[Gimp.Layer]:
    """Give for a while the layer with the pixels that are painted."""
    if output == REPLACE:  # its filters will be on top of the painting, too
        yield layer
        return
    with as_seen(layer) as seen:
        yield seen


def deliver(subject: Subject, painting: Pixels, output: str) -> tuple[Gimp.Image, Gimp.Layer]:
    """Put `painting` where `output` says, and return the image and the layer that hold it."""
    subject.check()
    check(subject.layer, output)
    if output == NEW_IMAGE:
        return _new_image(subject, painting)
    with _one_undo_step(subject.image):
        painted = subject.layer if output == REPLACE else _above(subject)
        try:
            with _in_place(painted, subject), selected(subject.image, subject.selection):
                put(painted, subject.painted, subject.seen, painting)
        except BaseException:
            if painted != subject.layer:
                subject.image.remove_layer(painted)
            raise
        subject.image.set_selected_layers([painted])
    return subject.image, painted


def _above(subject: Subject) -> Gimp.Layer:
    """Insert a layer like the subject's above it."""
    image, layer = subject.image, subject.layer
    painted = Gimp.Layer.new(
        image,
        _("{name} (Neural Style)").format(name=layer.get_name()),
        layer.get_width(),
        layer.get_height(),
        layer.type(),
        layer.get_opacity(),
        Gimp.LayerMode.NORMAL if layer.is_group() else layer.get_mode(),
    )
    painted.set_offsets(*layer.get_offsets()[1:])
    with as_seen(layer) as source:
        copied(source, painted)
    mask = layer.get_mask()
    if mask is not None:
        twin = painted.create_mask(Gimp.AddMaskType.WHITE)
        painted.add_mask(twin)
        copied(mask, twin)
        painted.set_apply_mask(layer.get_apply_mask())
        painted.set_edit_mask(False)
    image.insert_layer(painted, layer.get_parent(), image.get_item_position(layer))
    return painted


def _new_image(subject: Subject, painting: Pixels) -> tuple[Gimp.Image, Gimp.Layer]:
    """Make an image of the layer's size, with the layer painted where it was selected."""
    image, layer, lay = subject.image, subject.layer, subject.place
    indexed = image.get_base_type() == Gimp.ImageBaseType.INDEXED  # a palette made for the photo is too small
    base = Gimp.ImageBaseType.RGB if indexed else image.get_base_type()
    new = Gimp.Image.new_with_precision(lay.width, lay.height, base, image.get_precision())
    new.undo_disable()
    profile = image.get_color_profile()
    if profile is not None:  # GIMP takes none for a broken one, and says so in a dialog
        new.set_color_profile(profile)
    new.set_resolution(*image.get_resolution()[1:])
    kinds = {
        Gimp.ImageBaseType.RGB: (Gimp.ImageType.RGB_IMAGE, Gimp.ImageType.RGBA_IMAGE),
        Gimp.ImageBaseType.GRAY: (Gimp.ImageType.GRAY_IMAGE, Gimp.ImageType.GRAYA_IMAGE),
    }
    kind = kinds[base][layer.has_alpha()]
    painted = Gimp.Layer.new(new, layer.get_name(), lay.width, lay.height, kind, 100, Gimp.LayerMode.NORMAL)
    new.insert_layer(painted, None, 0)
    with as_seen(layer) as source:
        copied(source, painted)
    select(new, subject.selection and subject.selection.moved(-lay.x, -lay.y))
    put(painted, subject.painted, subject.seen, painting)
    select(new, None)
    new.undo_enable()
    return new, painted


@contextmanager
def _in_place(layer: Gimp.Layer, subject: Subject) -> Iterator[None]:
    """Have `layer` for a while where the subject lay when it was chosen."""
    now = place(layer)
    if now == subject.place:
        yield
        return
    layer.set_offsets(subject.place.x, subject.place.y)
    try:
        yield
    finally:
        layer.set_offsets(now.x, now.y)


@contextmanager
def _one_undo_step(image: Gimp.Image) -> Iterator[None]:
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()
