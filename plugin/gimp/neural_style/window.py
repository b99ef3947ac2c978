"""The progress window: preview, bar, a button that keeps the picture so far, and Cancel.

GIMP's status bar shows the progress too.
"""

from __future__ import annotations

from answers import in_words
from display import scaled
from engine import NeuralEngine
from gi.repository import Gdk, Gimp, GimpUi, GLib, Gtk
from nst_client import Pixels
from nst_client.failure import Cancelled, Failure
from nst_client.keeping import keep_label
from nst_client.progress import JobMonitor
from nst_client.translation import _
from task import Series

SIDE = 512
POLL_MILLISECONDS = 50  # milliseconds
KEEP = 1


class Window:
    """Paints while GTK's main loop runs; only the writing of a painting blocks."""

    def __init__(self, engine: NeuralEngine, series: Series, look: Pixels | None = None) -> None:
        """`look`: the first picture shown, a live preview of it; None: what will be painted, as it is."""
        self._engine, self._series = engine, series
        self._monitor: JobMonitor | None = None
        self._failure: Exception | None = None
        self._percent = 0
        self._picture = Gtk.Image()
        self._picture.set_size_request(SIDE, SIDE * 3 // 4)
        if look is None:
            self._show_source()
        else:
            self._picture.set_from_pixbuf(scaled(look, SIDE, SIDE))
        self._bar = Gtk.ProgressBar(show_text=True, text=_("Starting…"))
        self._dialog = GimpUi.Dialog(title=_("Neural Style"), role="nst-onnx-painting")
        GimpUi.window_set_transient(self._dialog)  # or a click on GIMP's own window hides it
        self._keep = self._dialog.add_button(_("_Stop and keep"), KEEP)
        self._keep.set_sensitive(False)
        self._dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._dialog.connect("response", self._answer)
        area = self._dialog.get_content_area()
        area.set_border_width(12)
        area.set_spacing(12)
        area.pack_start(self._picture, True, True, 0)
        area.pack_start(self._bar, False, False, 0)

    def paint(self) -> None:
        """Paint the whole series. Raises Cancelled, and Failure, where nothing was made."""
        Gimp.progress_init(_("Neural Style: painting “{name}”").format(name=self._series.task.name))
        self._dialog.show_all()
        self._dialog.present()
        GLib.timeout_add(POLL_MILLISECONDS, self._poll)
        Gtk.main()
        self._dialog.destroy()
        Gdk.Display.get_default().flush()  # close the window before the engine shuts down
        Gimp.progress_end()
        if self._failure is not None:
            if not self._series.made:
                raise self._failure
            if not isinstance(self._failure, Cancelled):
                known = isinstance(self._failure, Failure)
                self._series.failures.append(self._failure if known else Failure(in_words(self._failure)))
            return  # what is finished stays
        if self._monitor is not None:
            self._series.deliver(self._monitor)
        self._series.ended()

    def _answer(self, _dialog: Gtk.Dialog, response: int) -> None:
        """Handle the buttons; closing the window is Cancel."""
        if response == KEEP:
            self._keep.set_sensitive(False)
            self._bar.set_text(_("Finishing…"))
            self._monitor.stop_and_keep()
        elif self._failure is None:
            if self._monitor is not None:
                self._monitor.cancel()
            self._end(Cancelled())

    def _end(self, failure: Exception | None = None) -> None:
        self._failure = failure
        Gtk.main_quit()

    def _poll(self) -> bool:
        if self._failure is not None:
            return GLib.SOURCE_REMOVE
        try:
            self._engine.ready()  # raises where it has died, which is no fault of the layer
            running = self._work()
            if running:
                self._show()
        except Exception as error:  # whatever it is: GLib would only end the timer, and the window stay
            self._end(error)
            return GLib.SOURCE_REMOVE
        if not running:
            self._end()
            return GLib.SOURCE_REMOVE
        return GLib.SOURCE_CONTINUE

    def _work(self) -> bool:
        """Begin, follow or end the task at hand; return whether there is more, besides the last delivery."""
        series = self._series
        try:
            series.task.check()
            if self._monitor is None:
                self._monitor = series.task.begin(self._engine, SIDE)
                self._keep.set_sensitive(self._monitor is not None)
                return True
            if self._monitor.update():
                return True
            if series.last:
                return False
            series.deliver(self._monitor)
            Gimp.displays_flush()
        except Failure as failure:
            series.failed(failure)
            if self._monitor is not None:
                self._monitor.cancel()
        self._monitor = None
        if series.last:
            return False
        series.number += 1
        self._keep.set_sensitive(False)
        self._show_source()
        return True

    def _show_source(self) -> None:
        """Show what will be painted."""
        try:
            self._series.task.check()
        except Failure:  # noted when it is begun
            return
        picture = self._series.task.picture(SIDE)
        if picture is not None:
            self._picture.set_from_pixbuf(scaled(picture, SIDE, SIDE))

    def _show(self) -> None:
        if self._monitor is None:
            self._bar.pulse()
            return
        fraction = self._series.fraction(self._monitor.fraction)
        self._bar.set_fraction(fraction)
        percent = round(100 * fraction)
        if percent != self._percent:  # each call waits for GIMP
            self._percent = percent
            Gimp.progress_update(fraction)
        if self._keep.get_sensitive():
            self._bar.set_text(self._series.text(self._monitor.text))
            if self._monitor.longest:
                kept = keep_label(self._monitor.longest, self._series.task.longest)
                going_on = kept if self._series.last else _("{keep}, and go on").format(keep=kept)
                if going_on != self._keep.get_label():
                    self._keep.set_label(going_on)
        preview = self._monitor.preview()
        if preview is not None:
            self._picture.set_from_pixbuf(scaled(preview, SIDE, SIDE))
