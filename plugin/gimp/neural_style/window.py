"""The progress window: preview, bar, Stop and keep, and Cancel. GIMP's status bar shows the progress too."""

from __future__ import annotations

from display import scaled
from engine import NeuralEngine
from gi.repository import Gdk, Gimp, GimpUi, GLib, Gtk
from nst_client.choices import EngineRequest
from nst_client.failure import Cancelled, Failure
from nst_client.progress import JobMonitor
from nst_client.translation import _
from outcome import source_layer
from pixels import read_thumbnail
from subject import Subject

SIDE = 512
POLL_MILLISECONDS = 50  # milliseconds
KEEP = 1


class Window:
    """Paints while GTK's main loop runs; nothing here blocks."""

    def __init__(self, engine: NeuralEngine, subject: Subject, request: EngineRequest, output: str) -> None:
        self._engine, self._subject, self._request, self._output = engine, subject, request, output
        self._monitor: JobMonitor | None = None
        self._failure: Exception | None = None
        self._percent = 0
        with source_layer(subject.layer, output) as layer:
            self._picture = Gtk.Image.new_from_pixbuf(
                scaled(read_thumbnail(layer, subject.context, SIDE), SIDE, SIDE)
            )
        self._picture.set_size_request(SIDE, SIDE * 3 // 4)
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

    def finished(self) -> JobMonitor:
        """Paint, and return the finished job, or the one that was stopped early. Raises Cancelled, and
        Failure.
        """
        name = self._subject.layer.get_name()
        Gimp.progress_init(_("Neural Style: painting “{name}”").format(name=name))
        self._dialog.show_all()
        self._dialog.present()
        GLib.timeout_add(POLL_MILLISECONDS, self._poll)
        Gtk.main()
        self._dialog.destroy()
        Gdk.Display.get_default().flush()  # close the window before the engine shuts down
        Gimp.progress_end()
        if self._failure is not None:
            raise self._failure
        assert self._monitor is not None
        return self._monitor

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
            self._subject.check()
            if self._monitor is None:
                self._begin()
            elif not self._monitor.update():
                self._end()
                return GLib.SOURCE_REMOVE
        except (Failure, Cancelled) as failure:
            self._end(failure)
            return GLib.SOURCE_REMOVE
        self._show()
        return GLib.SOURCE_CONTINUE

    def _begin(self) -> None:
        """Start the job once the engine is ready."""
        self._monitor = self._engine.begin(self._subject, self._request, self._output, preview=SIDE)
        self._keep.set_sensitive(self._monitor is not None)

    def _show(self) -> None:
        if self._monitor is None:
            self._bar.pulse()
            return
        self._bar.set_fraction(self._monitor.fraction)
        percent = round(100 * self._monitor.fraction)
        if percent != self._percent:  # each call waits for GIMP
            self._percent = percent
            Gimp.progress_update(self._monitor.fraction)
        if self._keep.get_sensitive():
            self._bar.set_text(self._monitor.text)
        preview = self._monitor.preview()
        if preview is not None:
            self._picture.set_from_pixbuf(scaled(preview, SIDE, SIDE))
