"""The window that sets up, updates and removes the engine of a plug-in that came as a ZIP."""

from __future__ import annotations

from pathlib import Path

from gi.repository import GimpUi, GLib, Gtk
from nst_client.engine_setup import folders
from nst_client.engine_setup.parts import Parts
from nst_client.engine_setup.session import SetupSession
from nst_client.engine_setup.state import READY, state
from nst_client.failure import Cancelled
from nst_client.translation import _

HERE = Path(__file__).resolve().parent
POLL_MILLISECONDS = 100  # milliseconds
WIDTH = 62  # characters
REMOVE = 1


def require_engine() -> None:
    """Show the window where the engine is missing or outdated. Raises Cancelled where it stays so."""
    parts = Parts.of(HERE)
    if parts is None or state(HERE, folders.default()) == READY:
        return
    if not SetupWindow(parts).run():
        raise Cancelled


class SetupWindow:
    """The window, over a `SetupSession`."""

    def __init__(self, parts: Parts) -> None:
        GimpUi.init("nst-onnx")
        self._session = SetupSession(HERE, parts, folders.default())
        self._dialog = GimpUi.Dialog(title=_("Neural Style: engine"), role="nst-onnx-engine", resizable=False)
        self._destroyed = False
        self._dialog.connect("destroy", self._on_destroy)
        GimpUi.window_set_transient(self._dialog)
        self._remove = self._dialog.add_button(_("_Remove"), REMOVE)
        self._close = self._dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._start = self._dialog.add_button("", Gtk.ResponseType.OK)
        self._start.set_use_underline(True)
        self._dialog.set_default_response(Gtk.ResponseType.OK)
        self._explanation, self._message = _paragraph(), _paragraph()
        self._message.set_selectable(True)
        self._openvino = Gtk.CheckButton(label=self._session.openvino, use_underline=True)
        self._openvino.set_active(self._session.has_openvino)
        self._place, self._proxy = Gtk.Entry(), Gtk.Entry(placeholder_text="http://server:port")
        self._more = self._advanced()
        self._bar = Gtk.ProgressBar(show_text=True)
        area = self._dialog.get_content_area()
        area.set_border_width(12)
        area.set_spacing(12)
        for widget in (self._explanation, self._openvino, self._more, self._bar, self._message):
            area.pack_start(widget, False, False, 0)

    def run(self) -> bool:
        """Show the window until it is closed; return whether there is an engine of the right version then."""
        self._dialog.show_all()
        self._show()
        while True:
            response = self._dialog.run()
            if response == Gtk.ResponseType.OK:
                self._session.start(
                    self._place.get_text(), self._proxy.get_text(), self._openvino.get_active()
                )
            elif response == REMOVE:
                self._session.remove()
            else:
                break
            if not self._follow():
                break
            if self._session.succeeded:
                break
            self._show()
        self._dialog.destroy()
        return self._session.state == READY

    def _follow(self) -> bool:
        """Show the progress until the work has ended; return whether the window is still wanted."""
        self._show(working=True)
        closed = False  # by the user
        timer = GLib.timeout_add(POLL_MILLISECONDS, self._poll)
        while self._session.poll():
            response = self._dialog.run()
            if response == Gtk.ResponseType.CANCEL:
                self._close.set_sensitive(False)
                self._session.cancel()
            elif response == Gtk.ResponseType.DELETE_EVENT:
                self._session.cancel()
                closed = True
                self._dialog.hide()
                while self._session.poll():  # until what was begun is removed; the timer ends each iteration
                    Gtk.main_iteration_do(True)
        GLib.source_remove(timer)
        return not (closed or self._destroyed)

    def _on_destroy(self, _dialog: Gtk.Widget) -> None:
        self._destroyed = True
        self._session.end()

    def _poll(self) -> bool:
        fraction, text = self._session.progress
        self._bar.set_fraction(fraction)
        self._bar.set_text(text)
        if not self._session.poll():
            self._dialog.response(Gtk.ResponseType.NONE)
        return GLib.SOURCE_CONTINUE

    def _show(self, working: bool = False) -> None:
        """Show what is possible now."""
        session = self._session
        self._explanation.set_text(session.explanation)
        self._message.set_text(session.message)
        self._message.set_visible(bool(session.message))
        self._bar.set_visible(working)
        self._openvino.set_visible(bool(session.openvino))
        for widget in (self._openvino, self._more, self._start):
            widget.set_sensitive(not working)
        self._remove.set_visible(session.removable and not working)
        self._start.set_label(session.action)
        self._close.set_label(_("_Close") if session.state == READY and not working else _("_Cancel"))
        self._close.set_sensitive(True)

    def _advanced(self) -> Gtk.Expander:
        """Return the settings that few need: the source of the packages, and the proxy."""
        self._place.set_tooltip_text(
            _("The address of a package index, or a folder of wheels; empty: the public index")
        )
        choose = Gtk.Button(label=_("_Folder…"), use_underline=True)
        choose.connect("clicked", self._choose_folder)
        grid = Gtk.Grid(column_spacing=6, row_spacing=6, border_width=6)
        for row, (text, widget) in enumerate(
            ((_("_Packages from"), self._place), (_("Pro_xy"), self._proxy))
        ):
            label = Gtk.Label(label=text, use_underline=True, xalign=0, mnemonic_widget=widget)
            widget.set_hexpand(True)
            grid.attach(label, 0, row, 1, 1)
            grid.attach(widget, 1, row, 1, 1)
        grid.attach(choose, 2, 0, 1, 1)
        expander = Gtk.Expander(label=_("_More"), use_underline=True)
        expander.add(grid)
        return expander

    def _choose_folder(self, _button: Gtk.Button) -> None:
        chooser = Gtk.FileChooserNative(
            title=_("A folder of wheels"),
            transient_for=self._dialog,
            action=Gtk.FileChooserAction.SELECT_FOLDER,
        )
        if chooser.run() == Gtk.ResponseType.ACCEPT:
            self._place.set_text(chooser.get_filename())
        chooser.destroy()


def _paragraph() -> Gtk.Label:
    return Gtk.Label(wrap=True, xalign=0, width_chars=WIDTH, max_width_chars=WIDTH)
