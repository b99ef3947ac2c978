"""Thumbnails of the chosen style pictures."""

from __future__ import annotations

from gi.repository import GdkPixbuf, Gimp, GLib, Gtk

SIDE = 120


class Thumbnail(Gtk.Box):
    """The style pictures of `config` side by side, updated when they change."""

    def __init__(self, config: Gimp.ProcedureConfig) -> None:
        super().__init__(orientation=Gtk.Orientation.HORIZONTAL, spacing=6, halign=Gtk.Align.CENTER)
        for name in ("style", "second-style"):
            picture = Gtk.Image(no_show_all=True)
            self.pack_start(picture, False, False, 0)
            config.connect(f"notify::{name}", self._show, name, picture)
            self._show(config, None, name, picture)
        self.show()

    def _show(self, config: Gimp.ProcedureConfig, _changed: object, name: str, picture: Gtk.Image) -> None:
        file = config.get_property(name)
        path = file.get_path() if file else None
        try:
            pixbuf = path and GdkPixbuf.Pixbuf.new_from_file_at_scale(path, SIDE, SIDE, True)
        except GLib.Error:  # no picture, or a format that only the engine reads; the engine reports it
            pixbuf = None
        if pixbuf:
            picture.set_from_pixbuf(pixbuf.apply_embedded_orientation())
        picture.set_visible(bool(pixbuf))
