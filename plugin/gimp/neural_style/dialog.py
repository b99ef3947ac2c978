"""The dialog: GIMP's own for the settings, then a window in which the painting grows."""

from __future__ import annotations

from collections.abc import Sequence

from engine import NeuralEngine
from failure import Cancelled, Failure
from gi.repository import Gimp, GimpUi, GLib, GObject, Gtk
from nst_client import Hello, Pixels
from region import Region
from settings import asked
from thumbnail import Thumbnail
from translation import _
from window import Window

TICK = 100  # milliseconds
MAIN = ("style", "strength", "quality", "style-scale", "keep-colours", "output")
MORE = ("second-style", "second-share", "size", "seed", "model", "device")


def converse(
    procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, layer: Gimp.Drawable, region: Region
) -> Pixels:
    """Ask for the settings, paint before the person's eyes, and return what they keep.

    Raises Cancelled, and Failure.
    """
    GimpUi.init("nst-onnx")
    with NeuralEngine() as engine:  # it gets ready while the person chooses
        dialog = Settings(procedure, config, engine)
        if not dialog.agreed():
            raise Cancelled
        return Window(engine, layer, region, asked(config)).painting()


class Settings:
    """GIMP's dialog for the procedure, with the style's thumbnail and what the engine has to offer."""

    def __init__(self, procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, engine: NeuralEngine) -> None:
        self._engine = engine
        self._open = True
        self._dialog = dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Neural Style"))
        dialog.set_ok_label(_("_Paint"))
        for name in ("strength", "style-scale", "second-share"):
            dialog.get_scale_entry(name, 1.0)
        dialog.fill_box("main", MAIN)
        dialog.fill_box("more", MORE)
        dialog.get_label("more-title", _("More"), False, False)
        dialog.fill_expander("expander", "more-title", False, "more")
        dialog.fill(("main", "expander"))
        thumbnail = Thumbnail(config)
        area = dialog.get_content_area()
        area.pack_start(thumbnail, False, False, 6)
        area.reorder_child(thumbnail, 0)
        thumbnail.show()
        config.connect("notify::style", self._allow)
        self._allow(config, None)

    def agreed(self) -> bool:
        """Show it, and return whether the person wants to paint."""
        GLib.timeout_add(TICK, self._offer)
        agreed = self._dialog.run()
        self._open = False
        self._dialog.destroy()
        return agreed

    def _allow(self, config: Gimp.ProcedureConfig, _changed: object) -> None:
        """Painting takes a style."""
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, config.get_property("style") is not None)

    def _offer(self) -> bool:
        """Offer the models and devices of the engine as soon as it has told them."""
        try:
            hello = self._engine.ready()
        except Failure:  # told when the person wants to paint
            return GLib.SOURCE_REMOVE
        if hello is None or not self._open:
            return self._open
        for name, known in _known(hello).items():
            _complete(self._dialog.get_widget(name, GObject.TYPE_NONE).get_entry(), known)
        return GLib.SOURCE_REMOVE


def _known(hello: Hello) -> dict[str, Sequence[str]]:
    return {
        "model": ("auto", *(model["name"] for model in hello.models)),
        "device": ("auto", *hello.devices),
    }


def _complete(entry: Gtk.Entry, known: Sequence[str]) -> None:
    """Offer `known` while a person types, and name them all in the tip."""
    rows = Gtk.ListStore(str)
    for name in known:
        rows.append([name])
    completion = Gtk.EntryCompletion(model=rows, minimum_key_length=1, inline_completion=True)
    completion.set_text_column(0)
    entry.set_completion(completion)
    entry.set_tooltip_text(_("There are: {names}").format(names=", ".join(known)))
