"""Button that shows the chosen style picture and opens the file dialog."""

from __future__ import annotations

from pathlib import Path

from .nst_client.translation import _
from .qt import QtCore, QtGui, QtWidgets

LARGE, SMALL = QtCore.QSize(200, 120), QtCore.QSize(48, 32)


class StyleButton(QtWidgets.QToolButton):
    """`path`: the picture's file, or "". `changed`: signal that another one was chosen or dropped."""

    changed = QtCore.pyqtSignal()

    def __init__(self, empty: str, tip: str, *, small: bool = False, removable: bool = False) -> None:
        super().__init__(toolTip=tip)
        self.path, self._empty = "", empty
        style = QtCore.Qt.ToolButtonStyle
        self.setToolButtonStyle(style.ToolButtonTextBesideIcon if small else style.ToolButtonTextUnderIcon)
        self.setIconSize(SMALL if small else LARGE)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.setAcceptDrops(True)
        self.clicked.connect(self._ask)
        if removable:
            menu = QtWidgets.QMenu(self)
            menu.addAction(_("None")).triggered.connect(lambda: self.choose(""))
            self.setMenu(menu)
            self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.choose("")

    def choose(self, path: str) -> None:
        """Set the picture; "" for none."""
        self.path = path
        self.setText(_short(Path(path).name) if path else self._empty)
        self.setIcon(QtGui.QIcon())
        if path:
            reader = QtGui.QImageReader(path)
            reader.setAutoTransform(True)
            picture = reader.read()  # null, and no icon, for formats that only the engine reads
            if not picture.isNull():
                keep = QtCore.Qt.AspectRatioMode.KeepAspectRatio
                smooth = QtCore.Qt.TransformationMode.SmoothTransformation
                picture = picture.scaled(self.iconSize(), keep, smooth)
                self.setIcon(QtGui.QIcon(QtGui.QPixmap.fromImage(picture)))
        self.changed.emit()

    def _ask(self) -> None:
        known = " ".join(f"*.{bytes(kind).decode()}" for kind in QtGui.QImageReader.supportedImageFormats())
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
