"""Places of a document that can be regions: a selection, layers and groups, masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from krita import Document, Krita, Node, Selection

from .nst_client.failure import Failure
from .nst_client.region import Rectangle
from .nst_client.translation import _
from .pixels import Space, converted, space
from .qt import QtCore

BYTES = Space("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")


@dataclass(frozen=True, eq=False)  # a selection has no hash
class SelectionPlace:
    """What was selected when the region was made. `label`: for the user."""

    label: str
    selection: Selection

    def mask(self, document: Document, part: Rectangle) -> bytes:
        """Return how much of each pixel of `part` belongs to it, 0..255, row by row."""
        return bytes(self.selection.pixelData(*part.sides))


@dataclass(frozen=True)
class NodePlace:
    """A layer, there where it is opaque, or a mask. `label`: for the user; `node`: its identifier."""

    label: str
    node: QtCore.QUuid

    def mask(self, document: Document, part: Rectangle) -> bytes:
        """Return how much of each pixel of `part` belongs to it, 0..255, row by row. Raises Failure."""
        node = document.nodeByUniqueID(self.node)
        if node is None:
            raise Failure(
                _("a region is not in this picture: {place}").format(place=self.label),
                _("choose another place for it, or remove it"),
            )
        if node.type().endswith("mask"):
            return bytes(node.pixelData(*part.sides))
        data = bytes(node.projectionPixelData(*part.sides))
        return converted(data, part, space(node), BYTES)[3::4]


Place = Union[SelectionPlace, NodePlace]


def place_of(node: Node) -> NodePlace:
    """Return the place of a layer or a mask."""
    kind = _("Mask “{name}”") if node.type().endswith("mask") else _("Layer “{name}”")
    return NodePlace(kind.format(name=node.name()), node.uniqueId())


def selected_place(number: int) -> SelectionPlace | None:
    """Return the place of what is selected now, called by its `number`; None where nothing is."""
    document = Krita.instance().activeDocument()
    selection = None if document is None else document.selection()
    if selection is None:
        return None
    return SelectionPlace(_("Selection {number}").format(number=number), selection.duplicate())


def selected_nodes() -> list[Node]:
    """Return the layers and masks that are selected in the Layers docker."""
    window = Krita.instance().activeWindow()
    view = None if window is None else window.activeView()
    return [] if view is None else list(view.selectedNodes())
