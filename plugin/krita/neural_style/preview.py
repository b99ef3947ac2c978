"""Pictures in the docker: the active layer painted in one pass, and the painting as it grows."""

from __future__ import annotations

from krita import Document, Krita, Node

from .nst_client.live_preview import SIDE
from .nst_client.pixels import Pixels
from .qt import QtCore, QtGui, QtWidgets

SMALLEST = QtCore.QSize(160, 120)


class Preview(QtWidgets.QLabel):
    """The newest picture, scaled to the docker's width, and to `highest` pixels.

    `clicked`: signal with a place in the picture, x and y in 0..1.
    """

    clicked = QtCore.pyqtSignal(float, float)

    def __init__(self, highest: int) -> None:
        super().__init__(alignment=QtCore.Qt.AlignmentFlag.AlignCenter)
        self._highest = highest
        self.setMinimumSize(SMALLEST)

    def show_pixels(self, picture: Pixels) -> None:
        """Show a picture, 8 bits, RGB or RGBA."""
        size = QtCore.QSize(max(self.width(), SMALLEST.width()), self._highest)
        keep = QtCore.Qt.AspectRatioMode.KeepAspectRatio
        smooth = QtCore.Qt.TransformationMode.SmoothTransformation
        self.setPixmap(QtGui.QPixmap.fromImage(image_of(picture).scaled(size, keep, smooth)))

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802 - Qt calls it
        """Emit `clicked` where the picture is."""
        picture = self.pixmap()
        if picture is None or picture.isNull():
            return
        x = (event.pos().x() - (self.width() - picture.width()) / 2) / picture.width()
        y = (event.pos().y() - (self.height() - picture.height()) / 2) / picture.height()
        if 0 <= x <= 1 and 0 <= y <= 1:
            self.clicked.emit(x, y)


def image_of(picture: Pixels) -> QtGui.QImage:
    """Return a picture, 8 bits, RGB or RGBA, as Qt's; its data must last as long."""
    formats = QtGui.QImage.Format
    kind = formats.Format_RGBA8888 if picture.channels == 4 else formats.Format_RGB888
    line = picture.width * picture.channels
    return QtGui.QImage(picture.data, picture.width, picture.height, line, kind)


def pixels_of(image: QtGui.QImage, name: str) -> Pixels:
    """Return a picture of Qt's as 8 bits, RGBA. `name`: for messages."""
    image = image.convertToFormat(QtGui.QImage.Format.Format_RGBA8888)
    data = image.constBits()
    data.setsize(image.sizeInBytes())
    return Pixels(image.width(), image.height(), 4, "u8", bytes(data), name)


def active_layer() -> tuple[Document, Node] | None:
    """Return the active document and its active layer; None where none can be painted."""
    document = Krita.instance().activeDocument()
    layer = None if document is None else document.activeNode()
    if layer is None or layer.type().endswith("mask"):
        return None
    return document, layer


def thumbnail(layer: Node) -> Pixels | None:
    """Return a layer, at most SIDE pixels wide and high; None where there is nothing on it."""
    bounds = layer.bounds()
    longest = max(bounds.width(), bounds.height())
    if longest <= 0:
        return None
    scale = min(SIDE / longest, 1.0)
    width, height = (max(round(side * scale), 1) for side in (bounds.width(), bounds.height()))
    image = layer.thumbnail(width, height)
    return None if image.isNull() else pixels_of(image, layer.name())
