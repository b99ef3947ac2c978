"""A painting with regions as layers: one for each region, with a transparency mask."""

from __future__ import annotations

from krita import Document, Node, Selection

from .nst_client.region import Rectangle
from .nst_client.translation import _
from .pixels import hidden_document, space
from .region_masks import RegionMasks


def region_layers(painted: Node, masks: RegionMasks, part: Rectangle) -> Node:
    """Return a group, not yet in a document, of copies of `painted`, one for each region and the rest.

    `painted`: painted everywhere; masks hide what stays as it is. `part`: where they are. The group has the
    opacity and the blending mode of `painted`; together the layers look as one would, but not where the photo
    is partly transparent: layers over one another cover more. The group is made in a document of its own, so
    that it is inserted in one undo step.
    """
    with hidden_document(part.x + part.width, part.y + part.height, space(painted)) as document:
        group, below = document.createGroupLayer(painted.name()), None
        document.rootNode().addChildNode(group, None)
        for label, data in masks.layers():
            layer = painted.duplicate()
            layer.setName(f"{label}: {painted.name()}")
            layer.setOpacity(255)
            layer.setBlendingMode("normal")
            group.addChildNode(layer, below)
            below = layer
            if data is not None:
                layer.addChildNode(_mask(document, label, data, part), None)
        not_kept = masks.not_kept()
        if not_kept is not None:
            group.addChildNode(_mask(document, _("what is painted"), not_kept, part), below)
        document.waitForDone()
        copy = group.duplicate()
        copy.setOpacity(painted.opacity())
        copy.setBlendingMode(painted.blendingMode())
        return copy


def _mask(document: Document, label: str, data: bytes, part: Rectangle) -> Node:
    selection = Selection()
    selection.setPixelData(data, *part.sides)
    mask = document.createTransparencyMask(label)
    mask.setSelection(selection)
    return mask
