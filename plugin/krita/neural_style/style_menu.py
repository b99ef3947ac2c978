"""The menu of a style button: styles from elsewhere than a file, each with a thumbnail."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from krita import Krita, Node

from . import style_pictures
from .nst_client.failure import Failure
from .nst_client.style_shelf import name_of
from .nst_client.translation import _
from .qt import QtCore, QtGui, QtWidgets
from .thumbnail import icon, thumbnail_of

SIDE = 48
SIZE = QtCore.QSize(SIDE, SIDE)


class StyleMenu(QtWidgets.QMenu):
    """Made when it opens. `chosen`: signal with a style's file, "" for none; `failed`: with a message.

    `gallery`: the files of the engine's learned styles. `removable`: whether "None" is offered.
    """

    chosen = QtCore.pyqtSignal(str)
    failed = QtCore.pyqtSignal(str)

    def __init__(self, parent: QtWidgets.QWidget, *, removable: bool) -> None:
        super().__init__(parent)
        self.gallery: list[str] = []
        self._removable = removable
        self.setStyle(LargeIcons(parent.style()))
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """Offer what there is now."""
        self.clear()
        recent = style_pictures.SHELF.recent()
        for path in recent:
            self._add_file(self, path)
        if recent:
            self.addSeparator()
        document = Krita.instance().activeDocument()
        layers = [] if document is None else _layers(document.rootNode())
        menu = self._submenu(_("Layer of this document"), bool(layers))
        for layer in layers:
            picture = layer.thumbnail(SIDE, SIDE)
            self._add(
                menu, layer.name(), icon(picture, SIZE), lambda layer=layer: style_pictures.of_layer(layer)
            )
        documents = Krita.instance().documents()
        menu = self._submenu(_("Open document"), bool(documents))
        for document in documents:
            name = Path(document.fileName() or document.name()).name or _("document")
            picture = document.thumbnail(SIDE, SIDE)
            self._add(
                menu, name, icon(picture, SIZE), lambda found=document: style_pictures.of_document(found)
            )
        self._add(self, _("Clipboard"), QtGui.QIcon(), style_pictures.of_clipboard)
        menu = self._submenu(_("Gallery: learned styles, in one pass"), bool(self.gallery))
        for path in self.gallery:
            self._add_file(menu, path)
        if self._removable:
            self.addSeparator()
            self._add(self, _("None"), QtGui.QIcon(), lambda: "")

    def _submenu(self, label: str, enabled: bool) -> QtWidgets.QMenu:
        menu = self.addMenu(label)
        menu.setStyle(self.style())
        menu.menuAction().setEnabled(enabled)
        return menu

    def _add_file(self, menu: QtWidgets.QMenu, path: str) -> None:
        self._add(menu, name_of(Path(path)), thumbnail_of(path, SIZE), lambda: path)

    def _add(
        self, menu: QtWidgets.QMenu, label: str, picture: QtGui.QIcon, file_of: Callable[[], Path | str]
    ) -> None:
        action = menu.addAction(picture, label.replace("&", "&&"))
        action.setIconVisibleInMenu(True)
        action.triggered.connect(lambda: self._choose(file_of))

    def _choose(self, file_of: Callable[[], Path | str]) -> None:
        try:
            self.chosen.emit(str(file_of()))
        except Failure as failure:
            self.failed.emit(str(failure))


class LargeIcons(QtWidgets.QProxyStyle):
    """A menu's icons as large as thumbnails."""

    def __init__(self, style: QtWidgets.QStyle) -> None:
        super().__init__(style.objectName())

    def pixelMetric(  # noqa: N802 - Qt calls it
        self,
        metric: QtWidgets.QStyle.PixelMetric,
        option: QtWidgets.QStyleOption | None = None,
        widget: QtWidgets.QWidget | None = None,
    ) -> int:
        """Return the size of thumbnails for that of small icons."""
        if metric == QtWidgets.QStyle.PixelMetric.PM_SmallIconSize:
            return SIDE
        return super().pixelMetric(metric, option, widget)


def _layers(node: Node) -> list[Node]:
    """Return the layers below a node, the upper ones first, those of a group after it."""
    found = []
    for child in reversed(node.childNodes()):
        if not child.type().endswith("mask"):
            found += [child, *_layers(child)]
    return found
