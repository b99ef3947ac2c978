"""The dialog's regions: a row each, with its place, its style and its strength; and the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

from gi.repository import Gimp, Gtk
from nst_client.failure import Failure
from nst_client.translation import _
from places import places_of
from region_row import RegionRow
from region_rows import RegionRows, Row
from settings import REGION_LAYERS, REGIONS, regions_of

SHOWN, SHOWN_BESIDE_MORE = 3, 1  # rows; of more it scrolls
ROW_HEIGHT = 36  # pixels
NOWHERE = _("Select a part of the layer, or put it on a layer of its own; then it can be a region here.")
ABOUT = _("Paints parts of the layer like paintings of their own. The style above is for the rest.")


class RegionEditor(Gtk.Expander):
    """Shows and sets the regions of `config`; without any, it is closed.

    `image`, `layer`: what is painted. `report(failure)` shows an error.
    """

    def __init__(
        self,
        config: Gimp.ProcedureConfig,
        image: Gimp.Image,
        layer: Gimp.Layer | None,
        report: Callable[[Failure], None],
    ) -> None:
        super().__init__(label=_("Regio_ns"), use_underline=True)
        self._config, self._image, self._layer, self._report = config, image, layer, report
        self._rows = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3)
        self._scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        self._scrolled.add(self._rows)
        self._hint = Gtk.Label(wrap=True, max_width_chars=44, xalign=0)
        self._add = Gtk.Button(label=_("Add a region"))
        self._add.connect("clicked", self._append)
        self._rest = Gtk.ComboBoxText(tooltip_text=_("What no region covers"))
        self._rest.append("painted", _("Rest: the style above"))
        self._rest.append("kept", _("Rest: stays as it is"))
        self._rest.connect("changed", lambda *_: self._store())
        self._apart = Gtk.CheckButton(label=_("A _layer for each region"), use_underline=True)
        self._apart.set_tooltip_text(config.find_property(REGION_LAYERS).blurb)
        self._apart.connect("toggled", lambda *_: self._store())
        line = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        line.pack_start(self._add, False, False, 0)
        line.pack_start(self._rest, True, True, 0)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3)
        for widget in (self._hint, self._scrolled, line, self._apart):
            box.pack_start(widget, False, False, 0)
        self.add(box)
        self._filling, self._shown = False, SHOWN
        self._leave_out_what_is_gone()
        self._fill()
        self.set_expanded(bool(self._given.rows))
        self.connect("notify::expanded", self._opened)
        config.connect(f"notify::{REGIONS}", self._changed)
        config.connect(f"notify::{REGION_LAYERS}", self._changed)
        self.show_all()
        self._show_what_matters()

    def _leave_out_what_is_gone(self) -> None:
        """Leave out regions of another image, from last time."""
        try:
            self._given = regions_of(self._config)
        except Failure:
            self._given = RegionRows()
        there = tuple(row for row in self._given.rows if row.place.there(self._image))
        self._gone = [row.place.label for row in self._given.rows if row not in there]
        if there != tuple(self._given.rows):  # or each notification would cause another one
            self._given = replace(self._given, rows=there)
            self._config.set_property(REGIONS, self._given.encoded())

    def _fill(self) -> None:
        """Make the rows anew."""
        self._filling = True
        for child in self._rows.get_children():
            child.destroy()
        places = places_of(self._image, self._layer)
        for number, row in enumerate(self._given.rows):
            known = places if row.place in places else [row.place, *places]
            self._rows.pack_start(
                RegionRow(number, row, known, self._image, self._set_row, self._report), False, False, 0
            )
        self._rows.show_all()
        self._rest.set_active_id("kept" if self._given.rest_kept else "painted")
        self._apart.set_active(bool(self._config.get_property(REGION_LAYERS)))
        self.limit(self._shown)
        self._filling = False

    def limit(self, shown: int) -> None:
        """Show at most so many rows at once."""
        self._shown = shown
        height = min(max(len(self._given.rows), 1), shown) * ROW_HEIGHT
        self._scrolled.set_size_request(-1, height)

    def _show_what_matters(self) -> None:
        some = bool(self._given.rows)
        self._hint.set_text(ABOUT if places_of(self._image, self._layer) else NOWHERE)
        if self._gone:
            self._hint.set_text(
                _("Not in this image, so left out: {places}").format(places=", ".join(self._gone))
            )
        self._hint.set_visible(not some or bool(self._gone))
        for widget in (self._scrolled, self._rest, self._apart):
            widget.set_visible(some)

    def _append(self, _button: Gtk.Button) -> None:
        """Add a region: the first place that is none yet."""
        places, taken = places_of(self._image, self._layer), [row.place for row in self._given.rows]
        free = [place for place in places if place not in taken] or places
        if not free:
            self._hint.set_text(NOWHERE)
            self._hint.show()
            return
        self._gone = []
        row = Row(free[0], "", float(self._config.get_property("strength")))
        self._given = replace(self._given, rows=(*self._given.rows, row))
        self._fill()
        self._store()
        self._show_what_matters()
        self._rows.get_children()[-1].focus_style()  # it is what a region needs first

    def _opened(self, *_: object) -> None:
        """Go on at the button that adds a region, for those who use the keyboard."""
        if self.get_expanded():
            self._add.grab_focus()

    def _set_row(self, number: int, row: Row | None) -> None:
        """Change a row, or remove it."""
        rows = [*self._given.rows]
        if row is None:
            del rows[number]
        else:
            rows[number] = row
        self._given = replace(self._given, rows=tuple(rows))
        if row is None:
            self._fill()
            self._show_what_matters()
        self._store()

    def _store(self) -> None:
        if self._filling:
            return
        self._given = replace(self._given, rest_kept=self._rest.get_active_id() == "kept")
        self._filling = True
        self._config.set_property(REGIONS, self._given.encoded())
        self._config.set_property(REGION_LAYERS, self._apart.get_active())
        self._filling = False

    def _changed(self, *_: object) -> None:
        """Show what somebody else has set, such as Reset."""
        shown = self._given.encoded(), self._apart.get_active()
        given = self._config.get_property(REGIONS) or "", bool(self._config.get_property(REGION_LAYERS))
        if self._filling or shown == given:
            return
        self._filling = True
        self._leave_out_what_is_gone()
        self._fill()
        self._show_what_matters()
