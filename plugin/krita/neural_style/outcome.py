"""Where a painting goes: a new layer above, in one undo step."""

from __future__ import annotations

from krita import Document, Krita, Node

from .nst_client.failure import Failure
from .nst_client.pixels import Pixels
from .nst_client.translation import _
from .pixels import copied, put
from .region import Rectangle, Region


def active() -> tuple[Document, Node]:
    """Return the document that the person works on, and its layer. Raises Failure where there is none."""
    document = Krita.instance().activeDocument()
    if document is None:
        raise Failure(_("there is no picture to paint"), _("open one"))
    layer = document.activeNode()
    if layer is None:
        raise Failure(_("no layer is selected"), _("click one in the Layers docker"))
    if layer.type().endswith("mask"):
        raise Failure(
            _("a mask is selected, and only layers can be painted"),
            _("click the layer itself in the Layers docker"),
        )
    if layer.type() == "filterlayer":
        raise Failure(
            _("a filter layer has no pixels of its own"),
            _("click the layer with the picture in the Layers docker"),
        )
    return document, layer


def deliver(document: Document, layer: Node, region: Region, painting: Pixels) -> Node:
    """Put `painting` into a new layer above `layer`, and return that."""
    if document not in Krita.instance().documents():
        raise Failure(_("the picture was closed while it was being painted"))
    if document.nodeByUniqueID(layer.uniqueId()) is None:
        raise Failure(_("the layer was deleted while it was being painted"))
    painted = _beside(document, layer)
    put(painted, region, painting)
    layer.parentNode().addChildNode(painted, layer)
    document.setActiveNode(painted)
    document.refreshProjection()
    return painted


def _beside(document: Document, layer: Node) -> Node:
    """Return a layer that looks like `layer`, with its masks, and is in no document yet."""
    name = _("{name} (Neural Style)").format(name=layer.name())
    if layer.type() == "paintlayer":
        painted = layer.duplicate()
        painted.setName(name)
        painted.setLocked(False)
        return painted
    painted = document.createNode(name, "paintlayer")
    bounds = layer.bounds()
    copied(layer, Rectangle(bounds.x(), bounds.y(), bounds.width(), bounds.height()), painted)
    painted.setOpacity(layer.opacity())
    return painted
