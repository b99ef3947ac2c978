"""The menu beside a style's file button: styles from elsewhere than a file, each with a thumbnail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Callable, Optional

import style_pictures
from gi.repository import GdkPixbuf, Gimp, Gtk
from nst_client.failure import Cancelled, Failure
from nst_client.style_shelf import name_of
from nst_client.translation import _
from thumbnail import thumbnail_of

SIDE = 48


Source = Callable[[], Optional[Path]]
"""Returns a style's file; None for no style. Raises Failure, and Cancelled."""


class StyleMenu(Gtk.MenuButton):
    """Has a style chosen; the menu is made when it opens.

    `chosen(path)` is called with a style's file, or None. `gallery()` returns the files of the engine's
    learned styles. `report(failure)` shows an error. `more`: labels and sources of further entries.
    """

    def __init__(
        self,
        image: Gimp.Image | None,
        chosen: Callable[[Path | None], None],
        gallery: Callable[[], list[str]],
        report: Callable[[Failure], None],
        more: Sequence[tuple[str, Source]] = (),
    ) -> None:
        super().__init__(use_underline=True)
        self.set_tooltip_text(
            _("A layer, an open image, the clipboard, a style used before or a learned one")
        )
        self._image, self._chosen, self._more = image, chosen, more
        self._gallery, self._report = gallery, report
        self._menu = Gtk.Menu()
        self.set_popup(self._menu)
        self._menu.connect("show", self._fill)
        self._menu.append(Gtk.MenuItem())  # an empty menu does not open
        self.show()

    def _fill(self, menu: Gtk.Menu) -> None:
        for child in menu.get_children():
            menu.remove(child)
        recent = style_pictures.SHELF.recent()
        for path in recent:
            self._add(menu, name_of(Path(path)), thumbnail_of(path, SIDE), lambda path=path: Path(path))
        if recent:
            menu.append(Gtk.SeparatorMenuItem())
        if self._image is not None:
            layers = self._image.get_layers()
            self._add_menu(_("_Layer of this image"), layers, style_pictures.of_layer)
        self._add_menu(_("_Open image"), Gimp.get_images(), style_pictures.of_image)
        self._add(menu, _("_Clipboard"), None, style_pictures.of_clipboard)
        learned = self._gallery()
        if learned:
            gallery = self._submenu(_("_Gallery: learned styles, in one pass"))
            for path in learned:
                self._add(
                    gallery, name_of(Path(path)), thumbnail_of(path, SIDE), lambda path=path: Path(path)
                )
        if self._more:
            menu.append(Gtk.SeparatorMenuItem())
        for label, source in self._more:
            self._add(menu, label, None, source)
        menu.show_all()

    def _add_menu(
        self, label: str, sources: list[Gimp.Layer] | list[Gimp.Image], file_of: Callable[..., Path]
    ) -> None:
        menu = self._submenu(label)
        for source in sources:
            picture = source.get_thumbnail(SIDE, SIDE, Gimp.PixbufTransparency.SMALL_CHECKS)
            self._add(menu, source.get_name(), picture, lambda source=source: file_of(source))

    def _submenu(self, label: str) -> Gtk.Menu:
        item, menu = Gtk.MenuItem.new_with_mnemonic(label), Gtk.Menu()
        item.set_submenu(menu)
        self._menu.append(item)
        return menu

    def _add(
        self,
        menu: Gtk.Menu,
        label: str,
        picture: GdkPixbuf.Pixbuf | None,
        file_of: Source,
    ) -> None:
        item = Gtk.MenuItem()
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=8)
        if picture is not None:
            row.pack_start(Gtk.Image.new_from_pixbuf(picture), False, False, 0)
        text = Gtk.Label(label=label, xalign=0, use_underline=picture is None)
        row.pack_start(text, True, True, 0)
        item.add(row)
        item.connect("activate", self._choose, file_of)
        menu.append(item)

    def _choose(self, _item: Gtk.MenuItem, file_of: Source) -> None:
        try:
            path = file_of()
        except Cancelled:
            return
        except Failure as failure:
            self._report(failure)
            return
        self._chosen(path)
