"""Output of a painting with regions as layers: one for each region, with a layer mask."""

from __future__ import annotations

import mask_graph
from gi.repository import Gegl, Gimp
from nst_client import Pixels
from nst_client.painting_record import PaintingRecord
from outcome import attach, painted_layer, undo_group
from rectangle import Rectangle
from region_masks import RegionMasks
from selection import FORMAT
from subject import Subject


def deliver_layers(
    subject: Subject, painting: Pixels, regions: RegionMasks, name: str, record: PaintingRecord
) -> tuple[Gimp.Image, Gimp.Layer]:
    """Insert a copy of the painting for each region above the subject's layer; return the uppermost.

    Together they look as the painting in one layer does: the rest is the lowest. One undo step.
    """
    subject.check()
    kept = [mask_graph.inverted(mask) for mask in regions.kept()]
    with undo_group(subject.image):
        chosen, above = subject.image.get_selected_layers(), []
        try:
            for label, mask in regions.layer_masks():
                above.append(painted_layer(subject, painting, f"{label}: {name}", below=above))
                factors = [*kept, *([] if mask is None else [mask])]
                if factors:
                    _mask(above[-1], factors)
                attach(above[-1], record)
        except BaseException:
            for layer in above:
                subject.image.remove_layer(layer)
            raise
        subject.image.set_selected_layers(chosen)
    return subject.image, above[-1]


def _mask(layer: Gimp.Layer, factors: list[Gegl.Buffer]) -> None:
    """Give a layer a layer mask, the product of masks of its size and of the one that it has."""
    mask = layer.get_mask()
    whole = Rectangle(0, 0, layer.get_width(), layer.get_height()).gegl
    if mask is None:
        mask = layer.create_mask(Gimp.AddMaskType.WHITE)
        layer.add_mask(mask)
    else:
        own = Gegl.Buffer.new(FORMAT, 0, 0, whole.width, whole.height)
        mask.get_buffer().copy(whole, Gegl.AbyssPolicy.NONE, own, whole)
        factors = [own, *factors]
    shadow = mask.get_shadow_buffer()
    mask_graph.multiplied(factors).copy(whole, Gegl.AbyssPolicy.NONE, shadow, whole)
    shadow.flush()
    mask.merge_shadow(True)
    mask.free_shadow()
    mask.update(0, 0, whole.width, whole.height)
    layer.set_edit_mask(False)
