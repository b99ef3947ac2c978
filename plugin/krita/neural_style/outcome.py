"""Where a painting goes: a new layer, the layer itself, or a new document; always in one undo step."""

from __future__ import annotations

from collections.abc import Generator

from krita import Document, Krita, Node

from .nst_client.failure import Failure
from .nst_client.pixels import Pixels
from .nst_client.region import check_size
from .nst_client.translation import _
from .pixels import copied, put, space, taken
from .region import bounds, region

NEW_LAYER, REPLACE, NEW_DOCUMENT = "new-layer", "replace", "new-document"


class Outcome:
    """What will become of a painting of the active layer, decided when it is begun.

    Whatever the person does with the layer and the selection meanwhile, the painting shows the layer as it
    was, and goes where the layer and the selection were.
    """

    def __init__(self, output: str) -> None:
        """Raises Failure where there is nothing to paint, or it could not go to `output`."""
        self._document, self._layer = _active()
        if output == REPLACE and not _replaceable(self._layer):
            raise Failure(
                _("only an unlocked paint layer without masks, styles and animation can be replaced"),
                _("choose a new layer"),
            )
        self._output, self._id, self._resolution = output, self._layer.uniqueId(), self._document.xRes()
        self._region = region(self._document, self._layer)
        self._painted = _twin(self._document, self._layer)
        self._before = self._layer.duplicate() if output == REPLACE else None

    def content(self, longest: int) -> Pixels:
        """Return the pixels to paint, with no side longer than `longest`."""
        return taken(self._painted, self._region.seen, longest, self._layer.name())

    def check_size(self, longest: int) -> None:
        """Raise Failure where what is painted is too narrow once its longest side is `longest`."""
        check_size(self._region.seen.width, self._region.seen.height, longest)

    def check(self) -> None:
        """Raise Failure where that what it belongs to is gone."""
        if self._output == NEW_DOCUMENT:
            return
        if self._document not in Krita.instance().documents():
            raise Failure(_("the picture was closed while it was being painted"))
        if self._document.nodeByUniqueID(self._id) is None:
            raise Failure(_("the layer was deleted while it was being painted"))

    def awaited(self) -> str:
        """Return what the painting has to wait for, in words; "" where it can be placed.

        Krita replaces the active layer of the document that the person is looking at.
        """
        if self._output != REPLACE:
            return ""
        if Krita.instance().activeDocument() != self._document:
            return _("Finished. It waits until you look at its picture again.")
        if self._document.activeNode() != self._layer:
            self._document.setActiveNode(self._layer)
            return _("Finishing…")
        return ""

    def put(self, painting: Pixels) -> Generator[float, None, None]:
        """Turn the twin of the layer into the painted one; yields how much is done."""
        return put(self._painted, self._region, painting)

    def place(self) -> str:
        """Put what was painted where it goes, and return what the person has to know, or ""."""
        if self._output == NEW_DOCUMENT:
            self._make_document()
        elif self._output == NEW_LAYER:
            self._add_layer()
        elif not (self._untouched() and self._replace()):
            self._add_layer()
            return _("The layer was changed or locked meanwhile, so the painting is a new layer above it.")
        return ""

    def _untouched(self) -> bool:
        """Whether the layer can still be replaced without loss."""
        part, then, now = self._region.painted.sides, self._before, self._layer
        same = space(now) == space(then) and now.pixelData(*part) == then.pixelData(*part)
        return same and _replaceable(now)

    def _add_layer(self) -> None:
        self._layer.parentNode().addChildNode(self._painted, self._layer)
        self._document.setActiveNode(self._painted)
        self._document.refreshProjection()

    def _replace(self) -> bool:
        """Have a painted layer take the layer's place; return whether Krita did that.

        Krita keeps no undo for pixels that plug-ins write. But it has a command that puts a copy in the place
        of a layer, in one undo step: what is written into that copy comes and goes with it.
        """
        parent = self._layer.parentNode()
        place = [layer.uniqueId() for layer in parent.childNodes()].index(self._id)
        Krita.instance().action("convert_to_paint_layer").trigger()
        self._document.waitForDone()
        if self._document.nodeByUniqueID(self._id) is not None:
            return False
        copy, part = parent.childNodes()[place], self._region.painted.sides
        copy.setName(self._layer.name())
        copy.setColorLabel(self._layer.colorLabel())
        copy.setVisible(self._layer.visible())
        copy.setPixelData(self._painted.pixelData(*part), *part)
        self._document.refreshProjection()
        return True

    def _make_document(self) -> None:
        there, kind = self._region.there, space(self._painted)
        document = Krita.instance().createDocument(
            there.width,
            there.height,
            self._painted.name(),
            kind.model,
            kind.depth,
            kind.profile,
            self._resolution,
        )
        layer = document.topLevelNodes()[0]
        layer.setName(self._painted.name())
        layer.setPixelData(self._painted.pixelData(*there.sides), 0, 0, there.width, there.height)
        document.refreshProjection()
        Krita.instance().activeWindow().addView(document)
        document.setModified(True)


def _active() -> tuple[Document, Node]:
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


def _replaceable(layer: Node) -> bool:
    plain = layer.type() == "paintlayer" and not layer.childNodes() and not layer.layerStyleToAsl()
    return plain and not layer.animated() and not layer.locked()


def _twin(document: Document, layer: Node) -> Node:
    """Return a layer that looks like `layer`, with its masks, and is in no document yet."""
    name = _("{name} (Neural Style)").format(name=layer.name())
    if layer.type() == "paintlayer":
        twin = layer.duplicate()
        twin.setName(name)
        twin.setLocked(False)
        return twin
    twin = document.createNode(name, "paintlayer")
    copied(layer, bounds(layer), twin)
    twin.setOpacity(layer.opacity())
    return twin
