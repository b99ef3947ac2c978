"""Where a painting goes: a new layer, the layer itself, or a new image; always in one undo step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from failure import Failure
from gi.repository import Gegl, Gimp
from nst_client import Pixels
from pixels import copied, mask_copied, put
from region import Rectangle, Region
from translation import _

NEW_LAYER, REPLACE, NEW_IMAGE = "new-layer", "replace", "new-image"


def check(layer: Gimp.Drawable, output: str) -> None:
    """Raise Failure where `layer` cannot be painted, before minutes of work."""
    if not layer.is_layer():
        raise Failure(
            _("a mask or a channel is selected, and only layers can be painted"),
            _("click the layer's own picture in the Layers panel"),
        )
    if output == REPLACE and layer.is_group():
        raise Failure(
            _("a layer group has no pixels of its own that could be replaced"), _("choose a new layer")
        )
    if output == REPLACE and layer.get_lock_content():
        raise Failure(_("the pixels of this layer are locked"), _("unlock them, or choose a new layer"))


def deliver(
    image: Gimp.Image, layer: Gimp.Layer, region: Region, painting: Pixels, output: str
) -> tuple[Gimp.Image, Gimp.Layer]:
    """Put `painting` where `output` says, and return the image and the layer that hold it."""
    if not (image.is_valid() and layer.is_valid()):
        raise Failure(_("the layer was deleted while it was being painted"))
    if output == NEW_IMAGE:
        return _new_image(image, layer, region, painting)
    with _one_undo_step(image):
        if output == REPLACE:
            put(layer, region, painting)
            return image, layer
        painted = _beside(image, layer)
        copied(layer, painted)
        _copy_mask(layer, painted)
        image.insert_layer(painted, layer.get_parent(), image.get_item_position(layer))
        try:
            put(painted, region, painting)
        except BaseException:
            image.remove_layer(painted)
            raise
        image.set_selected_layers([painted])
        return image, painted


def _beside(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Layer:
    """Return a layer like `layer`, for `image`."""
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
    return painted


def _copy_mask(layer: Gimp.Layer, painted: Gimp.Layer) -> None:
    mask = layer.get_mask()
    if mask is None:
        return
    twin = painted.create_mask(Gimp.AddMaskType.WHITE)
    painted.add_mask(twin)
    copied(mask, twin)
    painted.set_apply_mask(layer.get_apply_mask())
    painted.set_edit_mask(False)


def _new_image(
    image: Gimp.Image, layer: Gimp.Layer, region: Region, painting: Pixels
) -> tuple[Gimp.Image, Gimp.Layer]:
    """Make an image of the layer's size, with the layer painted where it is selected."""
    width, height = layer.get_width(), layer.get_height()
    indexed = image.get_base_type() == Gimp.ImageBaseType.INDEXED  # a palette made for the photo is too small
    new = Gimp.Image.new_with_precision(
        width, height, Gimp.ImageBaseType.RGB if indexed else image.get_base_type(), image.get_precision()
    )
    new.undo_disable()
    new.set_color_profile(image.get_color_profile())
    new.set_resolution(*image.get_resolution()[1:])
    kinds = {
        Gimp.ImageBaseType.RGB: (Gimp.ImageType.RGB_IMAGE, Gimp.ImageType.RGBA_IMAGE),
        Gimp.ImageBaseType.GRAY: (Gimp.ImageType.GRAY_IMAGE, Gimp.ImageType.GRAYA_IMAGE),
    }
    kind = kinds[new.get_base_type()][layer.has_alpha()]
    painted = Gimp.Layer.new(new, layer.get_name(), width, height, kind, 100, Gimp.LayerMode.NORMAL)
    new.insert_layer(painted, None, 0)
    copied(layer, painted)
    if not Gimp.Selection.is_empty(image):
        _copy_selection(image, layer, new)
    put(painted, region, painting)
    Gimp.Selection.none(new)
    new.undo_enable()
    return new, painted


def _copy_selection(image: Gimp.Image, layer: Gimp.Layer, new: Gimp.Image) -> None:
    """Select in `new`, which has the size of `layer`, what is selected of `layer` in `image`."""
    width, height = new.get_width(), new.get_height()
    channel = Gimp.Channel.new(new, "", width, height, 100, Gegl.Color.new("black"))
    new.insert_channel(channel, None, 0)
    x, y = layer.get_offsets()[1:]
    mask_copied(image.get_selection(), Rectangle(x, y, width, height), channel)
    Gimp.context_push()
    Gimp.context_set_feather(False)  # it is feathered already, if the person wanted that
    new.select_item(Gimp.ChannelOps.REPLACE, channel)
    Gimp.context_pop()
    new.remove_channel(channel)


@contextmanager
def _one_undo_step(image: Gimp.Image) -> Iterator[None]:
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()
