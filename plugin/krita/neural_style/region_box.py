"""The docker's part for regions: a row for each, with its place, style and strength."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from krita import Krita, Node

from .nst_client.choices import STRENGTH
from .nst_client.translation import _
from .places import Place, place_of, selected_nodes, selected_place
from .qt import QtCore, QtWidgets
from .region_masks import Regions, Row
from .slider import Slider
from .stored_regions import decoded, encoded
from .style import StyleChooser
from .style_pictures import as_engine_reads


class RegionBox(QtWidgets.QWidget):
    """All regions. `changed`: signal that they are others; `failed`: with a message."""

    changed = QtCore.pyqtSignal()
    failed = QtCore.pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[RegionRow] = []
        self.opener = QtWidgets.QToolButton(text=_("Add a region"))
        self.opener.setToolTip(_("A part with a style of its own, or one that stays as it is"))
        self.opener.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QtWidgets.QMenu(self)
        self.menu.aboutToShow.connect(self.fill)
        self.opener.setMenu(self.menu)
        self.rest = QtWidgets.QComboBox(toolTip=_("What becomes of all that is in no region"))
        self.rest.addItem(_("The rest is painted like the picture above"), False)
        self.rest.addItem(_("The rest stays as it is"), True)
        self.apart = QtWidgets.QCheckBox(_("A layer for each region, with masks"))
        self._added = 0
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.opener, self.rest, self.apart):
            self._column.addWidget(widget)
        self.rest.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self._update()

    def regions(self) -> Regions:
        """Return what is chosen. Raises Failure where a style cannot be taken."""
        rest_kept = bool(self.rows) and bool(self.rest.currentData())
        return Regions(tuple(row.chosen() for row in self.rows), rest_kept, self.apart.isChecked())

    def stored(self) -> dict[str, object]:
        """Return what is chosen as it is stored with a painting."""
        rows = [row.row(row.painting.path) for row in self.rows]
        text = encoded(rows, bool(self.rest.currentData())) if rows else ""
        return {"regions": text, "region-layers": self.apart.isChecked()}

    def restore(self, stored: Mapping[str, object]) -> None:
        """Set regions that were stored with a painting; none where none were."""
        self.clear()
        rows, rest_kept = decoded(str(stored.get("regions", "")))
        for given in rows:
            row = self.add(given.place)
            row.painting.choose(given.style)
            row.strength.setValue(given.strength)
            row.keep.setChecked(given.keep)
        self.rest.setCurrentIndex(int(rest_kept))
        self.apart.setChecked(bool(rows) and stored.get("region-layers") is True)

    @property
    def only_style(self) -> str:
        """The first painting of a region where the rest stays as it is, and needs no style; else ""."""
        if not (self.rows and self.rest.currentData()):
            return ""
        return next((row.painting.path for row in self.rows if row.painted and row.painting.path), "")

    def fill(self) -> None:
        """Offer the places that there are now."""
        self.menu.clear()
        selected = selected_place(self._added + 1)
        if selected is not None:
            self.menu.addAction(_("What is selected")).triggered.connect(lambda: self.add(selected))
        nodes = selected_nodes()
        if len(nodes) > 1:
            text = _("Each of the {number} selected layers").format(number=len(nodes))
            self.menu.addAction(text).triggered.connect(lambda: [self.add(place_of(node)) for node in nodes])
        if not self.menu.isEmpty():
            self.menu.addSeparator()
        document = Krita.instance().activeDocument()
        for node in [] if document is None else _nodes(document.rootNode()):
            place = place_of(node)
            action = self.menu.addAction(place.label.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, place=place: self.add(place))
        if self.menu.isEmpty():
            self.menu.addAction(_("Select a part of the picture first")).setEnabled(False)

    def add(self, place: Place) -> RegionRow:
        """Add a region."""
        self._added += 1
        row = RegionRow(place)
        row.changed.connect(self.changed)
        row.painting.failed.connect(self.failed)
        row.removed.connect(lambda: self.remove(row))
        self.rows.append(row)
        self._column.insertWidget(self._column.indexOf(self.rest), row)
        self._update()
        return row

    def remove(self, row: RegionRow) -> None:
        """Remove a region."""
        self.rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()
        self._update()

    def clear(self) -> None:
        """Remove all regions."""
        for row in list(self.rows):
            self.remove(row)
        self.rest.setCurrentIndex(0)
        self.apart.setChecked(False)

    def _update(self) -> None:
        for widget in (self.rest, self.apart):
            widget.setVisible(bool(self.rows))
        self.changed.emit()


class RegionRow(QtWidgets.QFrame):
    """One region. `changed`: signal that its style or strength is another one; `removed`: that it must go."""

    changed = QtCore.pyqtSignal()
    removed = QtCore.pyqtSignal()

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        self._place = place
        label = QtWidgets.QLabel(place.label, wordWrap=True)
        self.keep = QtWidgets.QCheckBox(_("Keep"), toolTip=_("This part stays as it is"))
        remover = QtWidgets.QToolButton(text="×", autoRaise=True, toolTip=_("Remove this region"))
        self.painting = StyleChooser(
            _("Choose a style…"), _("The painting to paint this part like"), small=True
        )
        self.strength = Slider(
            STRENGTH["low"], STRENGTH["high"], STRENGTH["default"], _("How much style this part gets")
        )
        head = QtWidgets.QHBoxLayout()
        head.addWidget(label, 1)
        for widget in (self.keep, remover):
            head.addWidget(widget)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(head)
        column.addWidget(self.painting)
        column.addWidget(self.strength)
        remover.clicked.connect(self.removed)
        self.keep.toggled.connect(self._change_kept)
        for signal in (self.painting.changed, self.strength.changed):
            signal.connect(self.changed)

    @property
    def painted(self) -> bool:
        """Whether it gets a style."""
        return not self.keep.isChecked()

    def chosen(self) -> Row:
        """Return what is chosen. Raises Failure where the style cannot be taken."""
        chosen = self.painting.path if self.painted else ""
        return self.row(str(as_engine_reads(Path(chosen))) if chosen else "")

    def row(self, style: str) -> Row:
        """Return what is chosen, with this file as its style."""
        return Row(self._place, style, self.strength.value(), not self.painted)

    def _change_kept(self, keep: bool) -> None:
        for widget in (self.painting, self.strength):
            widget.setVisible(not keep)
        self.changed.emit()


def _nodes(node: Node) -> list[Node]:
    """Return the layers and masks below a node, the upper ones first, those of a layer after it."""
    found = []
    for child in reversed(node.childNodes()):
        if child.type() not in ("filtermask", "transformmask", "colorizemask", "filterlayer"):
            found += [child, *_nodes(child)]
    return found
