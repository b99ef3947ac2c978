"""The window in which a painting grows, with Stop and keep, and Cancel."""

from __future__ import annotations

from typing import Any

from engine import NeuralEngine
from gi.repository import Gdk, GdkPixbuf, GimpUi, GLib, Gtk
from nst_client import Pixels
from nst_client.failure import Cancelled, Failure
from nst_client.progress import Course
from nst_client.translation import _
from outcome import source
from pixels import glimpse
from subject import Subject

SIDE = 512
TICK = 50  # milliseconds
KEEP = 1


class Window:
    """Paints while GTK's main loop runs: nothing here ever waits for the engine."""

    def __init__(self, engine: NeuralEngine, subject: Subject, request: dict[str, Any], output: str) -> None:
        self._engine, self._subject, self._request, self._output = engine, subject, request, output
        self._course: Course | None = None
        self._failure: Exception | None = None
        with source(subject.layer, output) as layer:
            self._picture = Gtk.Image.new_from_pixbuf(_pixbuf(glimpse(layer, subject.seen, SIDE)))
        self._picture.set_size_request(SIDE, SIDE * 3 // 4)
        self._bar = Gtk.ProgressBar(show_text=True, text=_("Starting…"))
        self._dialog = GimpUi.Dialog(title=_("Neural Style"), role="nst-onnx-painting")
        self._keep = self._dialog.add_button(_("_Stop and keep"), KEEP)
        self._keep.set_sensitive(False)
        self._dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._dialog.connect("response", self._answer)
        area = self._dialog.get_content_area()
        area.set_border_width(12)
        area.set_spacing(12)
        area.pack_start(self._picture, True, True, 0)
        area.pack_start(self._bar, False, False, 0)

    def painting(self) -> Pixels:
        """Return the finished painting, or what was kept. Raises Cancelled, and Failure."""
        self._dialog.show_all()
        GLib.timeout_add(TICK, self._tick)
        Gtk.main()
        self._dialog.destroy()
        Gdk.Display.get_default().flush()  # gone now, and not when the engine has ended
        if self._failure is not None:
            raise self._failure
        assert self._course is not None
        return self._course.painting()

    def _answer(self, _dialog: Gtk.Dialog, response: int) -> None:
        """Do as the buttons say. Closing the window is Cancel."""
        if response == KEEP:
            self._keep.set_sensitive(False)
            self._bar.set_text(_("Finishing…"))
            self._course.stop_and_keep()
        elif self._failure is None:
            if self._course is not None:
                self._course.cancel()
            self._end(Cancelled())

    def _end(self, failure: Exception | None = None) -> None:
        self._failure = failure
        Gtk.main_quit()

    def _tick(self) -> bool:
        if self._failure is not None:
            return GLib.SOURCE_REMOVE
        try:
            self._subject.check()
            if self._course is None:
                self._begin()
            elif not self._course.runs():
                self._end()
                return GLib.SOURCE_REMOVE
        except (Failure, Cancelled) as failure:
            self._end(failure)
            return GLib.SOURCE_REMOVE
        self._show()
        return GLib.SOURCE_CONTINUE

    def _begin(self) -> None:
        """Start painting as soon as the engine is there."""
        self._course = self._engine.begin(self._subject, self._request, self._output, preview=SIDE)
        self._keep.set_sensitive(self._course is not None)

    def _show(self) -> None:
        if self._course is None:
            self._bar.pulse()
            return
        self._bar.set_fraction(self._course.fraction)
        if self._keep.get_sensitive():
            self._bar.set_text(self._course.text)
        preview = self._course.preview()
        if preview is not None:
            self._picture.set_from_pixbuf(_pixbuf(preview))


def _pixbuf(picture: Pixels) -> GdkPixbuf.Pixbuf:
    """Return a picture of bytes for the screen; the coarse levels come first and are small."""
    pixbuf = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(picture.data),
        GdkPixbuf.Colorspace.RGB,
        picture.channels == 4,
        8,
        picture.width,
        picture.height,
        picture.width * picture.channels,
    )
    scale = SIDE / max(picture.width, picture.height)
    width, height = (max(round(side * scale), 1) for side in (picture.width, picture.height))
    return pixbuf.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR)
