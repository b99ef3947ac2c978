"""Pictures in the docker: the active layer painted in one pass, and the painting as it grows."""

from __future__ import annotations

from krita import Document, Krita, Node

from .nst_client.live_preview import SIDE
from .nst_client.pixels import Pixels
from .qt import QtCore, QtGui, QtWidgets

MAX_HEIGHT = 320


class Preview(QtWidgets.QLabel):
    """The newest picture, scaled to the docker's width."""

    def __init__(self) -> None:
        super().__init__(alignment=QtCore.Qt.AlignmentFlag.AlignCenter)
        self.setMinimumSize(160, 120)

    def show_pixels(self, picture: Pixels) -> None:
        """Show a picture, 8 bits, RGB or RGBA."""
        formats = QtGui.QImage.Format
        kind = formats.Format_RGBA8888 if picture.channels == 4 else formats.Format_RGB888
        line = picture.width * picture.channels
        image = QtGui.QImage(picture.data, picture.width, picture.height, line, kind)
        size = QtCore.QSize(max(self.width(), 160), MAX_HEIGHT)
        keep = QtCore.Qt.AspectRatioMode.KeepAspectRatio
        smooth = QtCore.Qt.TransformationMode.SmoothTransformation
        self.setPixmap(QtGui.QPixmap.fromImage(image.scaled(size, keep, smooth)))


def active_layer() -> tuple[Document, Node] | None:
    """Return the active document and its active layer; None where none can be painted."""
    document = Krita.instance().activeDocument()
    layer = None if document is None else document.activeNode()
    if layer is None or layer.type().endswith("mask"):
        return None
    return document, layer


def thumbnail_of_active_layer() -> Pixels | None:
    """Return the active layer, at most SIDE pixels wide and high; None where none can be painted."""
    active = active_layer()
    if active is None:
        return None
    layer = active[1]
    bounds = layer.bounds()
    longest = max(bounds.width(), bounds.height())
    if longest <= 0:
        return None
    scale = min(SIDE / longest, 1.0)
    width, height = (max(round(side * scale), 1) for side in (bounds.width(), bounds.height()))
    image = layer.thumbnail(width, height).convertToFormat(QtGui.QImage.Format.Format_RGBA8888)
    if image.isNull():
        return None
    data = image.constBits()
    data.setsize(image.sizeInBytes())
    return Pixels(image.width(), image.height(), 4, "u8", bytes(data), layer.name())
