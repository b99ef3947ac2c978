"""Interactive use: GIMP's procedure dialog for the settings, then the progress window."""

from __future__ import annotations

from engine import NeuralEngine
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk
from names import Names
from nst_client import Pixels
from nst_client.failure import Cancelled, Failure
from nst_client.translation import _
from outcome import check
from settings import engine_request
from subject import Subject, choose
from thumbnail import Thumbnail
from window import Window

POLL_MILLISECONDS = 100  # milliseconds
MAIN = ("style", "strength", "quality", "style-scale", "keep-colours", "output")
MORE = ("second-style", "second-share", "size", "seed")


def run_dialog(
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
) -> tuple[Subject, Pixels]:
    """Show the settings, paint in the progress window, and return the subject and its painting.

    Errors in the settings are shown, and the dialog opens again. Raises Cancelled, and Failure where there is
    nothing to paint, or no engine.
    """
    GimpUi.init("nst-onnx")
    with NeuralEngine() as engine:  # it starts while the user chooses
        dialog = Settings(procedure, config, engine)
        while dialog.run():
            subject = choose(image, drawables)
            try:
                output = config.get_property("output")
                check(subject.layer, output)
                return subject, Window(engine, subject, engine_request(config), output).painting()
            except Failure as failure:
                subject.check()  # raises where no other setting can help
                dialog.show_error(failure)
                engine.launch()
        raise Cancelled


class Settings:
    """GIMP's dialog for the procedure, with thumbnails of the styles and the engine's models and devices."""

    def __init__(self, procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, engine: NeuralEngine) -> None:
        self._engine = engine
        self._dialog = dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Neural Style"))
        dialog.set_ok_label(_("_Paint"))
        for name in ("strength", "style-scale", "second-share"):
            dialog.get_scale_entry(name, 1.0)
        dialog.fill_box("main", MAIN)
        more = dialog.fill_box("more", MORE)
        self._models, self._devices = Names(config, "model"), Names(config, "device")
        labels = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        labels.add_widget(dialog.get_widget("size", GObject.TYPE_NONE).get_label())
        for names in (self._models, self._devices):
            labels.add_widget(names.label)
            more.pack_start(names, False, False, 0)
        dialog.get_label("more-title", _("More"), False, False)
        expander = dialog.fill_expander("expander", "more-title", False, "more")
        dialog.fill(("main", "expander"))
        thumbnail = Thumbnail(config)
        area = dialog.get_content_area()
        area.pack_start(thumbnail, False, False, 6)
        area.reorder_child(thumbnail, 0)
        thumbnail.show()
        config.connect("notify::style", self._update_paint_button)
        self._update_paint_button(config, None)
        for sender, signal in ((config, "notify::style"), (expander, "notify::expanded")):
            sender.connect_after(signal, lambda *_: GLib.idle_add(self._shrink))
        GLib.timeout_add(POLL_MILLISECONDS, self._fill_choices)

    def run(self) -> bool:
        """Show the dialog; return whether Paint was pressed."""
        confirmed = self._dialog.run()
        self._dialog.hide()
        return confirmed

    def show_error(self, failure: Failure) -> None:
        """Show an error message."""
        message = Gtk.MessageDialog(
            message_type=Gtk.MessageType.ERROR, buttons=Gtk.ButtonsType.CLOSE, text=str(failure)
        )
        message.set_title(_("Neural Style cannot paint"))
        message.run()
        message.destroy()

    def _update_paint_button(self, config: Gimp.ProcedureConfig, _changed: object) -> None:
        """Enable Paint where a style is chosen."""
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, config.get_property("style") is not None)

    def _shrink(self) -> bool:
        """Shrink the window to its contents after a widget was hidden."""
        self._dialog.resize(self._dialog.get_size().width, 1)
        return GLib.SOURCE_REMOVE

    def _fill_choices(self) -> bool:
        """Add the engine's models and devices once it is ready."""
        try:
            hello = self._engine.ready()
        except Failure:  # shown when Paint is pressed
            return GLib.SOURCE_REMOVE
        if hello is None:
            return GLib.SOURCE_CONTINUE
        self._models.offer(model["name"] for model in hello.models)
        self._devices.offer(hello.devices)
        return GLib.SOURCE_REMOVE
