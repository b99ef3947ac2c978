"""The upper part of the docker: the active layer in one pass, the strip, and what Paint will do."""

from __future__ import annotations

from krita import Document, Node

from .controls import Controls
from .live import View
from .nst_client.choices import EngineRequest
from .nst_client.failure import Failure
from .nst_client.live_preview import HEIGHT, SIDE
from .nst_client.outline import outlined
from .nst_client.pixels import Pixels
from .nst_client.spot import in_part, spot_around
from .nst_client.translation import _
from .painter import Painter
from .pixels import layer_image
from .preview import Preview, active_layer, pixels_of, thumbnail
from .qt import QtGui, QtWidgets
from .region import bounds, region
from .region_box import RegionBox
from .region_previews import RegionPreviews
from .strip import Strip

HIGHEST = 200  # pixels of the preview


class Looks(QtWidgets.QWidget):
    """Follows the controls once a style is chosen. A click on the preview shows that spot, or all again."""

    def __init__(self, painter: Painter, controls: Controls, regions: RegionBox) -> None:
        super().__init__()
        self._painter, self._controls, self._regions = painter, controls, regions
        self._spot: tuple[float, float] | None = None
        self._looked_at: View | None = None
        self._previews = RegionPreviews()
        self._outlines: list[Pixels] = []
        self.live, self.strip = Preview(HIGHEST), Strip()
        self.live.setWordWrap(True)
        self.announcement = QtWidgets.QLabel(wordWrap=True)
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        for widget in (self.live, self.strip, self.announcement):
            rows.addWidget(widget)
        for widget in (self.live, self.strip):
            widget.hide()
        for part in (controls, regions):
            part.changed.connect(self.refresh)
        self.live.clicked.connect(self._show_spot)
        self.strip.chosen.connect(lambda control, value: controls.choose(**{control: value}))
        live = painter.live
        live.looked.connect(self._show)
        live.varied.connect(self.strip.show_picture)
        for signal in (live.announcement_changed, painter.engine_ready):
            signal.connect(lambda *_ready: self.announce())
        self.announce()

    @property
    def whole(self) -> QtGui.QPixmap | None:
        """The newest preview of what will be painted; None where a spot is shown, or nothing yet.

        The preview is of the whole layer: not what is painted where a selection limits that.
        """
        picture, active = self.live.pixmap(), active_layer()
        if self._spot is not None or active is None or picture is None or picture.isNull():
            return None
        limited = not self._regions.rows and active[0].selection() is not None
        return None if limited else picture

    def refresh(self) -> None:
        """Show the layer that is active now, with the present settings."""
        self.announce()
        active = active_layer()
        if self._painter.busy or not self._has_style or active is None:
            return
        whole = thumbnail(active[1])
        if whole is None:
            return
        try:
            view = self._view(*active, whole, self._request())
        except Failure as failure:  # a style or a region is gone
            self._show(str(failure))
            return
        if view != self._looked_at:
            self._looked_at = view
            self._painter.look(view)

    def announce(self) -> None:
        """Say what Paint will do, or what it needs."""
        active = active_layer()
        text = ""
        if not self._has_style:
            text = _("Choose a style picture, and Paint can be pressed.")
        elif active is not None:
            try:
                whole = bool(self._regions.rows)
                text = self._painter.live.announced(*active, self._request(), whole=whole)
            except Failure as failure:
                text = str(failure)
        self.announcement.setText(text)

    @property
    def _has_style(self) -> bool:
        return bool(self._controls.first.path or self._regions.only_style)

    def _request(self) -> EngineRequest:
        return self._controls.request(self._regions.only_style)

    def _show_spot(self, x: float, y: float) -> None:
        self._spot = (x, y) if self._spot is None else None
        self.refresh()

    def _view(self, document: Document, layer: Node, whole: Pixels, request: EngineRequest) -> View:
        """Return all of a layer, or its spot as large as it is painted, with its strokes. Raises Failure."""
        part, content, shown = bounds(layer), whole, request
        if self._spot is not None:
            scaled = region(document, layer, whole=bool(self._regions.rows)).context  # by Paint, to its size
            longest = max(scaled.width, scaled.height)
            shrunk = longest / self._painter.live.size_of(request, longest)
            part = spot_around(part, self._spot, round(SIDE * shrunk), round(HEIGHT * shrunk))
            content = pixels_of(layer_image(layer, part, SIDE), layer.name())
            shown = in_part(request, longest / max(part.width, part.height))
        given = self._regions.regions()
        regions, self._outlines = self._previews.of(document, given, part, content)
        return View(content, shown, regions, whole, request)

    def _show(self, found: Pixels | str) -> None:
        if isinstance(found, str):
            self.live.setText(found)
        else:
            self.live.show_pixels(outlined(found, self._outlines))
            all_again = _("Click, and all of the layer is shown again")
            self.live.setToolTip(
                all_again if self._spot else _("Click on a spot, and it is shown as large as it is painted")
            )
        for widget in (self.live, self.strip):
            widget.show()
