"""Interactive use: GIMP's procedure dialog for the settings, then the progress window."""

from __future__ import annotations

from engine import NeuralEngine
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk
from names import Names
from nst_client import Pixels
from nst_client.failure import Cancelled, Failure
from nst_client.translation import _
from outcome import check
from preview import Preview
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
        dialog = Settings(procedure, config, engine, Preview(engine, config, image, drawables))
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
    """GIMP's dialog for the procedure, with thumbnails of the styles, a preview, and the engine's models and
    devices.
    """

    def __init__(
        self,
        procedure: Gimp.Procedure,
        config: Gimp.ProcedureConfig,
        engine: NeuralEngine,
        preview: Preview,
    ) -> None:
        self._engine, self._preview = engine, preview
        self._dialog = dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Neural Style"))
        dialog.set_ok_label(_("_Paint"))
        for name in ("strength", "style-scale", "second-share"):
            dialog.get_scale_entry(name, 1.0)
        main = dialog.fill_box("main", MAIN)
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
        # Two columns: one is too high for small screens.
        beside = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        beside.pack_start(preview, False, False, 0)
        beside.pack_start(Thumbnail(config), False, False, 0)
        _side_by_side(dialog.get_content_area(), (main, expander), beside)
        config.connect("notify::style", self._update_paint_button)
        self._update_paint_button(config, None)
        for sender, signal in ((config, "notify::style"), (expander, "notify::expanded")):
            sender.connect_after(signal, lambda *_: GLib.idle_add(self._shrink))
        GLib.timeout_add(POLL_MILLISECONDS, self._fill_choices)

    def run(self) -> bool:
        """Show the dialog; return whether Paint was pressed."""
        self._preview.start()
        confirmed = self._dialog.run()
        self._preview.stop()
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


def _side_by_side(area: Gtk.Box, settings: tuple[Gtk.Widget, ...], other: Gtk.Widget) -> None:
    """Move `settings`, which are in `area` one below the other, to the left of `other`."""
    column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=area.get_spacing())
    for widget in settings:
        area.remove(widget)
        column.pack_start(widget, False, False, 0)
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=6)
    row.pack_start(column, True, True, 0)
    row.pack_start(other, False, False, 0)
    area.pack_start(row, True, True, 0)
    area.reorder_child(row, 0)
    column.show()
    other.show()
    row.show()
