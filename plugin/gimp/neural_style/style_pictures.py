"""Styles that are no picture files: layers, open images, the clipboard, files that only GIMP reads.

Each becomes a PNG file on the shelf in GIMP's profile, so that settings and scripts can name a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from display import pixbuf_of
from gi.repository import Gimp, Gio, GLib
from nst_client import style_files
from nst_client.failure import Failure
from nst_client.style_files import not_stored
from nst_client.style_shelf import StyleShelf
from nst_client.translation import _
from outcome import NEW_LAYER, source_layer
from pixels import read_thumbnail
from rectangle import Rectangle

LONGEST = 4096  # pixels of a style: a painting's strokes need no more
BY_GIMP = (".xcf", ".xcf.gz", ".xcf.bz2", ".xcf.xz", ".psd")
SHELF = StyleShelf(Path(Gimp.directory()) / "nst-onnx")


def of_layer(layer: Gimp.Layer) -> Path:
    """Return the file of a layer as it is now, its filters included. Raises Failure."""
    with source_layer(layer, NEW_LAYER) as source:
        return _placed(layer.get_name(), source)


def of_image(image: Gimp.Image) -> Path:
    """Return the file of all that is visible of an image. Raises Failure."""
    visible = Gimp.Layer.new_from_visible(image, image, "nst-onnx")
    try:
        return _placed(Path(image.get_name()).stem, visible)
    finally:
        visible.delete()


def of_clipboard() -> Path:
    """Return the file of the picture in the clipboard. Raises Failure."""
    image = Gimp.edit_paste_as_new_image()
    if image is None:
        raise Failure(_("there is no picture in the clipboard"), _("copy one with Edit ▸ Copy"))
    with _closed(image):
        return _placed(_("clipboard"), image.get_layers()[0])


def as_engine_reads(path: Path) -> Path:
    """Return a picture's file; of one that only editors read, the file of its visible layers.

    Raises Failure.
    """
    return style_files.as_engine_reads(path, SHELF, BY_GIMP, _write_by_gimp)


def _write_by_gimp(path: Path, file: Path) -> None:
    try:
        image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(path)))
    except GLib.Error:
        image = None
    if image is None:
        raise Failure(_("GIMP cannot open {path}").format(path=path), _("choose another one"))
    with _closed(image):
        visible = Gimp.Layer.new_from_visible(image, image, "nst-onnx")
        image.insert_layer(visible, None, 0)
        _write(visible, file)


def _placed(name: str, layer: Gimp.Layer) -> Path:
    picture = read_thumbnail(layer, Rectangle(0, 0, layer.get_width(), layer.get_height()), LONGEST)
    digest = hashlib.sha256(picture.data).digest()
    try:
        return SHELF.place(name, digest, lambda file: _save(pixbuf_of(picture), file))
    except OSError as error:
        raise not_stored(error) from error


def _write(layer: Gimp.Layer, file: Path) -> None:
    picture = read_thumbnail(layer, Rectangle(0, 0, layer.get_width(), layer.get_height()), LONGEST)
    _save(pixbuf_of(picture), file)


def _save(pixbuf: object, file: Path) -> None:
    try:
        pixbuf.savev(str(file), "png", [], [])
    except GLib.Error as error:
        raise OSError(error.message) from error


@contextmanager
def _closed(image: Gimp.Image) -> Iterator[None]:
    try:
        yield
    finally:
        image.delete()
