"""A strip of three strengths and three stroke sizes, painted in one pass, to click on."""

from __future__ import annotations

from display import scaled
from gi.repository import Gimp, GLib, Gtk
from nst_client import Pixels
from nst_client.live_preview import VARIATIONS, VARIED, Variation

WIDTH, HEIGHT = 96, 60  # pixels of a picture
NEAR = 0.005  # what the sliders show as the same value


class Strip(Gtk.Grid):
    """A row of pictures for each control; a click sets the control of `config`."""

    def __init__(self, config: Gimp.ProcedureConfig) -> None:
        super().__init__(column_homogeneous=True, column_spacing=4, row_spacing=0)
        self._pictures: dict[Variation, Gtk.Image] = {}
        self._labels: dict[str, Gtk.Label] = {}
        rows = list(VARIED)
        for place, option in enumerate(rows):
            self._labels[option] = text = Gtk.Label(xalign=0)
            self.attach(text, 0, 2 * place, 3, 1)
            self._name(config, None, option)
            config.connect(f"notify::{VARIED[option][0]}", self._name, option)
        for number, (option, value) in enumerate(VARIATIONS):
            setting, label = VARIED[option]
            self._pictures[option, value] = picture = Gtk.Image()
            picture.set_size_request(WIDTH, HEIGHT)
            button = Gtk.Button(relief=Gtk.ReliefStyle.NONE, tooltip_text=f"{label} {value:g}")
            button.add(picture)
            button.connect("clicked", lambda _button, s=setting, v=value: config.set_property(s, v))
            self.attach(button, number % 3, 2 * rows.index(option) + 1, 1, 1)
        self.show_all()

    def _name(self, config: Gimp.ProcedureConfig, _changed: object, option: str) -> None:
        """Name a row and its values, the present one in bold."""
        setting, label = VARIED[option]
        present = config.get_property(setting)
        values = (value for name, value in VARIATIONS if name == option)
        texts = (f"<b>{value:g}</b>" if abs(value - present) < NEAR else f"{value:g}" for value in values)
        self._labels[option].set_markup(f"{GLib.markup_escape_text(label)}: {', '.join(texts)}")

    def show_picture(self, variation: Variation, picture: Pixels) -> None:
        """Show the picture of a variation."""
        self._pictures[variation].set_from_pixbuf(scaled(picture, WIDTH, HEIGHT))
