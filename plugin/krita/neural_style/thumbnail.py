"""Thumbnails of style pictures."""

from __future__ import annotations

from pathlib import Path

from .nst_client import archives
from .qt import QtCore, QtGui


def thumbnail_of(path: str, size: QtCore.QSize) -> QtGui.QIcon:
    """Return a style's thumbnail, at most as large as `size`; no picture for formats that Qt cannot read."""
    buffer = QtCore.QBuffer()
    lower = path.lower()
    if lower.endswith((archives.LEARNED, *archives.MERGED)):
        read = archives.thumbnail if lower.endswith(archives.LEARNED) else archives.merged_picture
        buffer.setData(read(Path(path)) or b"")
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        reader = QtGui.QImageReader(buffer)
    else:
        reader = QtGui.QImageReader(path)
    reader.setAutoTransform(True)
    return icon(reader.read(), size)


def icon(picture: QtGui.QImage, size: QtCore.QSize) -> QtGui.QIcon:
    """Return a picture as an icon, at most as large as `size`; an empty one of a picture that is null."""
    if picture.isNull():
        return QtGui.QIcon()
    keep = QtCore.Qt.AspectRatioMode.KeepAspectRatio
    smooth = QtCore.Qt.TransformationMode.SmoothTransformation
    return QtGui.QIcon(QtGui.QPixmap.fromImage(picture.scaled(size, keep, smooth)))
