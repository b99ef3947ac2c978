"""A small view of the chosen style pictures."""

from __future__ import annotations

from gi.repository import GdkPixbuf, Gimp, GLib, Gtk

SIDE = 160


class Thumbnail(Gtk.Box):
    """Shows the style pictures of `config` side by side, also when they change."""

    def __init__(self, config: Gimp.ProcedureConfig) -> None:
        super().__init__(orientation=Gtk.Orientation.HORIZONTAL, spacing=6, halign=Gtk.Align.CENTER)
        for name in ("style", "second-style"):
            picture = Gtk.Image(no_show_all=True)
            self.pack_start(picture, False, False, 0)
            config.connect(f"notify::{name}", self._show, name, picture)
            self._show(config, None, name, picture)

    def _show(self, config: Gimp.ProcedureConfig, _changed: object, name: str, picture: Gtk.Image) -> None:
        file = config.get_property(name)
        path = file.get_path() if file else None
        try:
            pixbuf = path and GdkPixbuf.Pixbuf.new_from_file_at_scale(path, SIDE, SIDE, True)
        except GLib.Error:  # not a picture, or of a kind that only the engine reads: it will tell
            pixbuf = None
        if pixbuf:
            picture.set_from_pixbuf(pixbuf.apply_embedded_orientation())
        picture.set_visible(bool(pixbuf))
