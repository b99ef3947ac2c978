"""A region's row: the colour of its outline, its place, its style, its strength; and its removal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable

from gi.repository import GdkPixbuf, Gimp, GLib, Gtk, Pango
from nst_client.failure import Cancelled, Failure
from nst_client.outline import colour_of
from nst_client.style_shelf import name_of
from nst_client.translation import _
from places import Place
from region_rows import Row
from style_menu import StyleMenu
from thumbnail import thumbnail_of

SWATCH = 14  # pixels
THUMBNAIL = 24
Changed = Callable[[int, "Row | None"], None]


class RegionRow(Gtk.Box):
    """Shows a row; `changed(number, row)` is called with what it becomes, or None where it is removed."""

    def __init__(
        self,
        number: int,
        row: Row,
        places: list[Place],
        image: Gimp.Image,
        changed: Changed,
        report: Callable[[Failure], None],
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.HORIZONTAL, spacing=4)
        self._number, self._row, self._places, self._changed = number, row, places, changed
        self.pack_start(Gtk.Image.new_from_pixbuf(_swatch(colour_of(number))), False, False, 0)
        where = Gtk.ComboBoxText(tooltip_text=_("Where the region is"))
        for place in places:
            where.append_text(place.label)
        where.get_cells()[0].set_property("ellipsize", Pango.EllipsizeMode.END)
        where.set_active(places.index(row.place))
        where.set_size_request(130, -1)
        where.connect("changed", lambda box: self._become(place=self._places[box.get_active()]))
        self.pack_start(where, True, True, 0)
        more = (
            (_("A _file…"), self._ask_for_file),
            (_("_Keep as it is"), lambda: None),
        )
        self._style = StyleMenu(image, self._choose, list, report, more)
        self._style.set_tooltip_text(_("What the region is painted like; or keep it as it is"))
        self._style.set_size_request(130, -1)
        self.pack_start(self._style, True, True, 0)
        self._strength = Gtk.SpinButton.new_with_range(0.0, 1.0, 0.05)
        self._strength.set_value(row.strength)
        self._strength.set_tooltip_text(_("Strength: 0 stays closest to the photo, 1 is style only"))
        self._strength.connect("value-changed", lambda spin: self._become(strength=spin.get_value()))
        self.pack_start(self._strength, False, False, 0)
        remove = Gtk.Button.new_from_icon_name("list-remove-symbolic", Gtk.IconSize.BUTTON)
        remove.set_tooltip_text(_("Remove this region"))
        remove.set_relief(Gtk.ReliefStyle.NONE)
        remove.connect("clicked", lambda *_: GLib.idle_add(self._changed, self._number, None))
        self.pack_start(remove, False, False, 0)
        self._show_style()

    def focus_style(self) -> None:
        """Let the keyboard go on at the style."""
        self._style.grab_focus()

    def _become(self, **changes: object) -> None:
        shown, self._row = self._row, replace(self._row, **changes)
        if (shown.style, shown.keep) != (self._row.style, self._row.keep):  # reading a style takes a while
            self._show_style()
        self._changed(self._number, self._row)

    def _choose(self, path: Path | None) -> None:
        if path is None:
            self._become(keep=True)
        else:
            self._become(keep=False, style=str(path))

    def _show_style(self) -> None:
        """Show the style on its button."""
        row, picture = self._row, None
        text = _("Choose a style…")
        if row.keep:
            text = _("Kept as it is")
        elif row.style:
            text, picture = name_of(Path(row.style)), thumbnail_of(row.style, THUMBNAIL)
        child = self._style.get_child()
        if child is not None:
            self._style.remove(child)
        line = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=4)
        if picture is not None:
            line.pack_start(Gtk.Image.new_from_pixbuf(picture), False, False, 0)
        label = Gtk.Label(label=text, xalign=0, ellipsize=Pango.EllipsizeMode.END)
        line.pack_start(label, True, True, 0)
        self._style.add(line)
        self._style.show_all()
        self._strength.set_sensitive(not row.keep)

    def _ask_for_file(self) -> Path:
        """Return the file that the user chooses. Raises Cancelled."""
        chooser = Gtk.FileChooserDialog(
            title=_("Style of the region"), transient_for=self.get_toplevel(), modal=True
        )
        chooser.add_buttons(_("_Cancel"), Gtk.ResponseType.CANCEL, _("_Open"), Gtk.ResponseType.OK)
        if self._row.style:
            chooser.set_filename(self._row.style)
        answer, name = chooser.run(), chooser.get_filename()
        chooser.destroy()
        if answer != Gtk.ResponseType.OK or name is None:
            raise Cancelled
        return Path(name)


def _swatch(colour: tuple[int, int, int]) -> GdkPixbuf.Pixbuf:
    """Return a square of a colour."""
    swatch = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, SWATCH, SWATCH)
    red, green, blue = colour
    swatch.fill(red << 24 | green << 16 | blue << 8 | 0xFF)
    return swatch
