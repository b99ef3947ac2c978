"""Output of a painting: a new layer, the layer itself, or a new document; always in one undo step."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace

from krita import Document, Krita, Node

from . import records
from .nst_client.choices import EngineRequest
from .nst_client.failure import Failure
from .nst_client.keeping import keep_label
from .nst_client.painted_name import painted_name
from .nst_client.painted_region import with_regions
from .nst_client.painting_record import PaintingRecord
from .nst_client.pixels import Pixels
from .nst_client.region import check_size
from .nst_client.translation import _
from .pixels import copy_pixels, paint_into, read_pixels, space
from .qt import QtCore
from .region import bounds, region
from .region_layers import region_layers
from .region_masks import RegionMasks, Regions

RESELECTING = 100  # milliseconds, in which Krita makes a new layer active
NEW_LAYER, REPLACE, NEW_DOCUMENT = "new-layer", "replace", "new-document"


class Outcome:
    """The source and the destination of one painting, fixed when it starts.

    The user may edit the layer and the selection while it is painted: pixels, position and selection are
    copied at the start.
    """

    def __init__(
        self, output: str, request: EngineRequest, settings: Mapping[str, object], regions: Regions
    ) -> None:
        """`request`, `settings`: what the painted layer is named after, and what is stored with it. With
        `regions` the whole layer is painted.

        Raises Failure where there is nothing to paint, or `output` is impossible.
        """
        self._document, self._layer = _active()
        if output == REPLACE and not _replaceable(self._layer):
            raise Failure(
                _("only an unlocked paint layer without masks, styles and animation can be replaced"),
                _("choose a new layer"),
            )
        self._output, self._id, self._resolution = output, self._layer.uniqueId(), self._document.xRes()
        self._region = region(self._document, self._layer, whole=bool(regions.rows))
        self._masks = RegionMasks(self._document, regions, self._region.context) if regions.rows else None
        self._apart = self._masks is not None and regions.apart and output == NEW_LAYER
        self.request = request
        """For the engine."""
        if self._masks is not None:
            self.request = with_regions(request, self._masks.regions())
            if not self._apart:  # else the layers' own masks say where what is painted is seen
                self._region = replace(self._region, mask=self._masks.painted)
        own = [] if regions.rest_kept else self.request["styles"]
        styles = [*own, *(row.style for row in regions.rows if row.style)]
        name = painted_name(self._layer.name(), styles, float(str(request["options"]["strength"])))
        self._painted = _copy_of(self._document, self._layer, name)
        self._record = PaintingRecord(dict(settings), self._id.toString() if output == NEW_LAYER else "")
        self._before = self._layer.duplicate() if output == REPLACE else None

    def content(self, longest: int) -> Pixels:
        """Return the pixels for the engine, scaled to at most `longest`."""
        return read_pixels(self._painted, self._region.context, longest, self._layer.name())

    def kept(self, longest: int) -> str:
        """Return what would be kept of a painting that has `longest` pixels on its longest side so far."""
        part, whole = self._region.painted, max(self._region.context.width, self._region.context.height)
        shown = max(part.width, part.height)
        return keep_label(round(min(longest / whole, 1.0) * shown), shown)

    def check_size(self, longest: int) -> None:
        """Raise Failure where the part, scaled to `longest`, is too narrow to paint."""
        check_size(self._region.context.width, self._region.context.height, longest)

    def check(self) -> None:
        """Raise Failure where the document or the layer no longer exists."""
        if self._output == NEW_DOCUMENT:
            return
        if self._document not in Krita.instance().documents():
            raise Failure(_("the picture was closed while it was being painted"))
        if self._document.nodeByUniqueID(self._id) is None:
            raise Failure(_("the layer was deleted while it was being painted"))

    def pending_reason(self) -> str:
        """Return why the painting cannot be placed yet, in words; "" where it can.

        Krita's command for replacing a layer acts on the active layer of the active document.
        """
        if self._output != REPLACE:
            return ""
        if Krita.instance().activeDocument() != self._document:
            return _("Finished. It waits until you look at its picture again.")
        if self._document.activeNode() != self._layer:
            self._document.setActiveNode(self._layer)
            return _("Finishing…")
        return ""

    def write(self, painting: Pixels) -> Generator[float, None, None]:
        """Write `painting` into the copy of the layer; yields the completed fraction."""
        return paint_into(self._painted, self._region, painting)

    def place(self) -> str:
        """Insert the painted layer into its destination; return a message for the user, or ""."""
        if self._output == NEW_DOCUMENT:
            self._make_document()
        elif self._output == NEW_LAYER:
            self._add_layer()
        elif not (self._unchanged() and self._replace()):
            self._add_layer()
            return _("The layer was changed or locked meanwhile, so the painting is a new layer above it.")
        return ""

    def _unchanged(self) -> bool:
        """Return whether the layer still has its pixels of the start, so that replacing it loses nothing."""
        part, then, now = self._region.painted.sides, self._before, self._layer
        same = space(now) == space(then) and now.pixelData(*part) == then.pixelData(*part)
        return same and _replaceable(now)

    def _add_layer(self) -> None:
        """Insert the painting above its layer; the layer that is active stays active, to be painted again."""
        active = self._document.activeNode()
        if self._masks is not None and self._apart:
            self._painted = region_layers(self._painted, self._masks, self._region.context)
        self._layer.parentNode().addChildNode(self._painted, self._layer)
        self._document.refreshProjection()
        if active is not None:
            QtCore.QTimer.singleShot(RESELECTING, lambda: self._select_again(active))
        records.attach(self._document, self._painted, self._record)

    def _select_again(self, layer: Node) -> None:
        """Make `layer` active again, where it is the painting that has become so."""
        if self._document in Krita.instance().documents() and self._document.activeNode() == self._painted:
            self._document.setActiveNode(layer)

    def _replace(self) -> bool:
        """Replace the layer by the painted one; return whether Krita did.

        Krita has no undo for pixels that plug-ins write. Its command "convert to paint layer" replaces a
        layer by a copy in one undo step, which covers the pixels written into that copy.
        """
        parent = self._layer.parentNode()
        place = [layer.uniqueId() for layer in parent.childNodes()].index(self._id)
        convert = Krita.instance().action("convert_to_paint_layer")
        enabled = convert.isEnabled()
        convert.setEnabled(True)  # Krita 6 disables it for paint layers
        convert.trigger()
        convert.setEnabled(enabled)
        self._document.waitForDone()
        if self._document.nodeByUniqueID(self._id) is not None:
            return False
        copy, part = parent.childNodes()[place], self._region.painted.sides
        copy.setName(self._layer.name())
        copy.setColorLabel(self._layer.colorLabel())
        copy.setVisible(self._layer.visible())
        copy.setPixelData(self._painted.pixelData(*part), *part)
        self._document.refreshProjection()
        records.attach(self._document, copy, self._record)
        return True

    def _make_document(self) -> None:
        on_canvas, kind = self._region.on_canvas, space(self._painted)
        document = Krita.instance().createDocument(
            on_canvas.width,
            on_canvas.height,
            self._painted.name(),
            kind.model,
            kind.depth,
            kind.profile,
            self._resolution,
        )
        layer = document.topLevelNodes()[0]
        layer.setName(self._painted.name())
        layer.setPixelData(self._painted.pixelData(*on_canvas.sides), 0, 0, on_canvas.width, on_canvas.height)
        document.refreshProjection()
        records.attach(document, layer, self._record)
        Krita.instance().activeWindow().addView(document)
        document.setModified(True)


def _active() -> tuple[Document, Node]:
    """Return the active document and its active layer. Raises Failure where there is none."""
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


def _copy_of(document: Document, layer: Node, name: str) -> Node:
    """Return a copy of `layer` with its masks, not yet in a document; other layers become paint layers."""
    if layer.type() == "paintlayer":
        copy = layer.duplicate()
        copy.setName(name)
        copy.setLocked(False)
        return copy
    copy = document.createNode(name, "paintlayer")
    copy_pixels(layer, bounds(layer), copy)
    copy.setOpacity(layer.opacity())
    return copy
