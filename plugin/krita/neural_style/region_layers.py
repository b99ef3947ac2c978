"""A painting with regions as layers: one for each region, with a transparency mask."""

from __future__ import annotations

from krita import Node, Selection

from .nst_client.region import Rectangle
from .pixels import hidden_document, space
from .region_masks import RegionMasks


def region_layers(painted: Node, masks: RegionMasks, part: Rectangle) -> Node:
    """Return a group, not yet in a document, of copies of `painted`, one for each region and the rest.

    `painted`: painted everywhere; the masks hide what stays as it is. The group has its opacity and blending
    mode, so that together they look as one layer would: but not where the photo is partly transparent, or
    the rest stays as it is and soft edges of regions overlap, for layers over one another cover more.
    `part`: where the masks are. The group is made in a document of its own, so that it is inserted in one
    undo step.
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
                selection = Selection()
                selection.setPixelData(data, *part.sides)
                mask = document.createTransparencyMask(label)
                mask.setSelection(selection)
                layer.addChildNode(mask, None)
        document.waitForDone()
        copy = group.duplicate()
        copy.setOpacity(painted.opacity())
        copy.setBlendingMode(painted.blendingMode())
        return copy
