"""Combo box for a text setting, filled with the engine's names (models, devices)."""

from __future__ import annotations

from collections.abc import Iterable

from gi.repository import Gimp, GObject, Gtk
from nst_client.translation import _

LABELS = {
    "auto": _("Automatic"),
    "cpu": _("Processor (CPU)"),
    "cuda": _("NVIDIA graphics card (CUDA)"),
    "openvino": _("Intel (OpenVINO)"),
}


class Names(Gtk.Box):
    """A label and a combo box, "auto" first; a name set by a script is added unchanged."""

    def __init__(self, config: Gimp.ProcedureConfig, setting: str) -> None:
        super().__init__(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        about = config.find_property(setting)
        self._known: list[str] = []
        self._box = Gtk.ComboBoxText(tooltip_text=about.blurb)
        self.label = Gtk.Label(label=about.nick, use_underline=True, xalign=0, mnemonic_widget=self._box)
        self.pack_start(self.label, False, False, 0)
        self.pack_start(self._box, True, True, 0)
        self.offer(["auto", config.get_property(setting)])
        config.connect(f"notify::{setting}", lambda *_: self.offer([config.get_property(setting)]))
        both = GObject.BindingFlags.BIDIRECTIONAL | GObject.BindingFlags.SYNC_CREATE
        config.bind_property(setting, self._box, "active-id", both)
        self.show_all()

    def offer(self, names: Iterable[str]) -> None:
        """Add those of `names` that are not in the box."""
        for name in names:
            if name not in self._known:
                self._known.append(name)
                self._box.append(name, LABELS.get(name, name))
