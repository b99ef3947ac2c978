"""The chosen style picture: a button for its file, and the menu of styles from elsewhere."""

from __future__ import annotations

from pathlib import Path

from .nst_client.style_shelf import name_of
from .nst_client.translation import _
from .qt import QtCore, QtGui, QtWidgets
from .style_menu import StyleMenu
from .style_pictures import BY_KRITA
from .thumbnail import thumbnail_of

LARGE, SMALL = QtCore.QSize(200, 120), QtCore.QSize(48, 32)
BY_EDITORS = ("kra", "ora", "nst", *(suffix[1:] for suffix in BY_KRITA))


class StyleChooser(QtWidgets.QWidget):
    """`path`: the picture's file, or "".

    `changed`: signal that another one was chosen or dropped; `failed`: signal with a message.
    """

    changed = QtCore.pyqtSignal()
    failed = QtCore.pyqtSignal(str)

    def __init__(self, empty: str, tip: str, *, small: bool = False, removable: bool = False) -> None:
        super().__init__(toolTip=tip)
        self.path, self._empty = "", empty
        self._button = QtWidgets.QToolButton()
        style = QtCore.Qt.ToolButtonStyle
        self._button.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if small else style.ToolButtonTextUnderIcon
        )
        self._button.setIconSize(SMALL if small else LARGE)
        policy = QtWidgets.QSizePolicy.Policy
        self._button.setSizePolicy(policy.Ignored, policy.Fixed)
        self._button.clicked.connect(self._ask)
        self.setAcceptDrops(True)
        self.menu = StyleMenu(self, removable=removable)
        self.menu.chosen.connect(self.choose)
        self.menu.failed.connect(self.failed)
        opener = QtWidgets.QToolButton(text=_("From…"))
        opener.setToolTip(_("A layer, an open document, the clipboard, a style used before or a learned one"))
        opener.setMenu(self.menu)
        opener.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._button, 1)
        row.addWidget(opener)
        self.choose("")

    def choose(self, path: str) -> None:
        """Set the picture; "" for none."""
        self.path = path
        self._button.setText(_short(name_of(Path(path)) + Path(path).suffix) if path else self._empty)
        self._button.setIcon(thumbnail_of(path, self._button.iconSize()) if path else QtGui.QIcon())
        self.changed.emit()

    def _ask(self) -> None:
        readable = [bytes(kind).decode() for kind in QtGui.QImageReader.supportedImageFormats()]
        known = " ".join(f"*.{kind}" for kind in dict.fromkeys([*readable, *BY_EDITORS]))
        path, _filter = QtWidgets.QFileDialog.getOpenFileName(
            self,
            self.toolTip(),
            str(Path(self.path).parent) if self.path else "",
            f"{_('Pictures')} ({known});;{_('All files')} (*)",
        )
        if path:
            self.choose(path)

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:  # noqa: N802 - Qt calls it
        """Accept files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:  # noqa: N802 - Qt calls it
        """Set the first file dropped."""
        self.choose(next(url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()))


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:14]}…{name[-15:]}"
