"""Styles that are no picture files: layers, open documents, the clipboard, files that only Krita reads.

Each becomes a PNG file on the shelf in Krita's resources, so that settings can name a file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from krita import Document, Krita, Node

from .nst_client import style_files
from .nst_client.failure import Failure
from .nst_client.style_shelf import StyleShelf
from .nst_client.translation import _
from .pixels import layer_image
from .qt import QtCore, QtGui, QtWidgets
from .readers import has_reader
from .region import bounds

LONGEST = 4096  # pixels of a style: a painting's strokes need no more
BY_KRITA = tuple(suffix for suffix in (".xcf", ".psd") if has_reader(suffix))
"""Of files that Krita reads. Asked to open others it may crash; the engine says what they are."""
SHELF = StyleShelf(Path(Krita.getAppDataLocation()) / "nst-onnx")


def of_layer(layer: Node) -> Path:
    """Return the file of a layer as it looks now. Raises Failure."""
    whole = bounds(layer)
    if whole.empty:
        raise Failure(_("there is nothing on the layer “{name}”").format(name=layer.name()))
    return _placed(layer.name(), layer_image(layer, whole, LONGEST))


def of_document(document: Document) -> Path:
    """Return the file of all that is visible of a document. Raises Failure."""
    name = Path(document.fileName() or document.name()).stem or _("document")
    return _placed(name, _visible(document))


def of_clipboard() -> Path:
    """Return the file of the picture in the clipboard. Raises Failure."""
    picture = QtWidgets.QApplication.clipboard().image()
    if picture.isNull():
        raise Failure(_("there is no picture in the clipboard"), _("copy one with Edit ▸ Copy"))
    return _placed(_("clipboard"), picture)


def as_engine_reads(path: Path) -> Path:
    """Return a picture's file; of one that only editors read, the file of its visible layers.

    Raises Failure.
    """
    if not path.is_file():
        raise Failure(_("the style picture is not there: {path}").format(path=path), _("choose another one"))
    return style_files.as_engine_reads(path, SHELF, BY_KRITA, _write_by_krita)


def _write_by_krita(path: Path, png: Path) -> None:
    krita = Krita.instance()
    before = krita.batchmode()
    krita.setBatchmode(True)  # no windows
    try:
        document = krita.openDocument(str(path))
    finally:
        krita.setBatchmode(before)
    if document is None:
        raise Failure(_("Krita cannot open {path}").format(path=path), _("choose another one"))
    try:
        _save(_visible(document), png)
    finally:
        document.setModified(False)
        document.close()


def _visible(document: Document) -> QtGui.QImage:
    document.waitForDone()
    return document.projection(document.xOffset(), document.yOffset(), document.width(), document.height())


def _placed(name: str, picture: QtGui.QImage) -> Path:
    pixels = picture.convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    bits = pixels.constBits()
    bits.setsize(pixels.sizeInBytes())
    digest = hashlib.sha256(bytes(bits)).digest()
    try:
        return SHELF.place(name, digest, lambda png: _save(picture, png))
    except OSError as error:
        raise style_files.not_stored(error) from error


def _save(picture: QtGui.QImage, png: Path) -> None:
    if max(picture.width(), picture.height()) > LONGEST:
        keep = QtCore.Qt.AspectRatioMode.KeepAspectRatio
        smooth = QtCore.Qt.TransformationMode.SmoothTransformation
        picture = picture.scaled(LONGEST, LONGEST, keep, smooth)
    if not picture.save(str(png), "PNG"):
        raise OSError(_("the picture cannot be written"))
