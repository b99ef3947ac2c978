"""Thumbnails of the chosen style pictures."""

from __future__ import annotations

from pathlib import Path

from gi.repository import GdkPixbuf, Gimp, Gio, GLib, Gtk
from nst_client import archives

SIDE = 90


class Thumbnail(Gtk.Box):
    """The style pictures of `config` side by side, updated when they change."""

    def __init__(
        self, config: Gimp.ProcedureConfig, styles: tuple[str, ...] = ("style", "second-style")
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.HORIZONTAL, spacing=6, halign=Gtk.Align.CENTER)
        for name in styles:
            picture = Gtk.Image(no_show_all=True)
            self.pack_start(picture, False, False, 0)
            config.connect(f"notify::{name}", self._show, name, picture)
            self._show(config, None, name, picture)
        self.show()

    def _show(self, config: Gimp.ProcedureConfig, _changed: object, name: str, picture: Gtk.Image) -> None:
        file = config.get_property(name)
        path = file.get_path() if file else None
        pixbuf = path and thumbnail_of(path, SIDE)
        if pixbuf:
            picture.set_from_pixbuf(pixbuf)
        picture.set_visible(bool(pixbuf))


def thumbnail_of(path: str, side: int) -> GdkPixbuf.Pixbuf | None:
    """Return a style's thumbnail, at most `side` pixels wide and high; None where GTK cannot read it."""
    lower = path.lower()
    try:
        if lower.endswith((archives.LEARNED, *archives.MERGED)):
            read = archives.thumbnail if lower.endswith(archives.LEARNED) else archives.merged_picture
            data = read(Path(path))
            if data is None:
                return None
            stream = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(data))
            return GdkPixbuf.Pixbuf.new_from_stream_at_scale(stream, side, side, True, None)
        picture = GdkPixbuf.Pixbuf.new_from_file_at_scale(path, side, side, True)
    except GLib.Error:
        return None
    return picture.apply_embedded_orientation()
