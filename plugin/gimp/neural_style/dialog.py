"""The dialog: GIMP's own for the settings, then a window in which the painting grows."""

from __future__ import annotations

from engine import NeuralEngine
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk
from names import Names
from nst_client import Pixels
from nst_client.failure import Cancelled, Failure
from nst_client.translation import _
from outcome import check
from settings import asked
from subject import Subject, choose
from thumbnail import Thumbnail
from window import Window

TICK = 100  # milliseconds
MAIN = ("style", "strength", "quality", "style-scale", "keep-colours", "output")
MORE = ("second-style", "second-share", "size", "seed")


def converse(
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
) -> tuple[Subject, Pixels]:
    """Ask for the settings, paint before the person's eyes, and return what they keep.

    What is wrong with the settings is told, and they can be mended. Raises Cancelled, and Failure where there
    is nothing to paint, or no engine.
    """
    GimpUi.init("nst-onnx")
    with NeuralEngine() as engine:  # it gets ready while the person chooses
        dialog = Settings(procedure, config, engine)
        while dialog.agreed():
            subject = choose(image, drawables)
            try:
                output = config.get_property("output")
                check(subject.layer, output)
                return subject, Window(engine, subject, asked(config), output).painting()
            except Failure as failure:
                subject.check()  # what cannot be mended ends it
                dialog.tell(failure)
                engine.launch()
        raise Cancelled


class Settings:
    """GIMP's dialog for the procedure, with the style's thumbnail and what the engine has to offer."""

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
        config.connect("notify::style", self._allow)
        self._allow(config, None)
        for sender, signal in ((config, "notify::style"), (expander, "notify::expanded")):
            sender.connect_after(signal, lambda *_: GLib.idle_add(self._shrink))
        GLib.timeout_add(TICK, self._offer)

    def agreed(self) -> bool:
        """Show it, and return whether the person wants to paint."""
        agreed = self._dialog.run()
        self._dialog.hide()
        return agreed

    def tell(self, failure: Failure) -> None:
        """Say what is wrong."""
        message = Gtk.MessageDialog(
            message_type=Gtk.MessageType.ERROR, buttons=Gtk.ButtonsType.CLOSE, text=str(failure)
        )
        message.set_title(_("Neural Style cannot paint"))
        message.run()
        message.destroy()

    def _allow(self, config: Gimp.ProcedureConfig, _changed: object) -> None:
        """Painting takes a style."""
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, config.get_property("style") is not None)

    def _shrink(self) -> bool:
        """Let no gap stay where something went."""
        self._dialog.resize(self._dialog.get_size().width, 1)
        return GLib.SOURCE_REMOVE

    def _offer(self) -> bool:
        """Offer the models and devices of the engine as soon as it has told them."""
        try:
            hello = self._engine.ready()
        except Failure:  # told when the person wants to paint
            return GLib.SOURCE_REMOVE
        if hello is None:
            return GLib.SOURCE_CONTINUE
        self._models.offer(model["name"] for model in hello.models)
        self._devices.offer(hello.devices)
        return GLib.SOURCE_REMOVE
