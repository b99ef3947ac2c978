"""Interactive use of the texture's procedure: GIMP's dialog for the settings, then the progress window."""

from __future__ import annotations

from pathlib import Path

from engine import NeuralEngine
from error_message import show_error
from gi.repository import Gimp, GimpUi, Gio, GObject, Gtk
from nst_client.failure import Cancelled, Failure
from nst_client.translation import _
from outcome import NEW_IMAGE
from style_menu import StyleMenu
from task import Series
from texture_task import TextureTask
from thumbnail import Thumbnail
from window import Window

CONTROLS = ("style", "width", "height", "seamless", "style-scale", "seed", "output")


def run_dialog(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, image: Gimp.Image | None) -> Series:
    """Show the settings, paint in the progress window, and return what was painted.

    Errors in the settings are shown, and the dialog opens again. Raises Cancelled, and Failure without an
    engine.
    """
    GimpUi.init("nst-onnx")
    if image is None:
        config.set_property("output", NEW_IMAGE)
    with NeuralEngine() as engine:
        dialog = _dialog(procedure, config, image)
        while dialog.run():
            dialog.hide()
            try:
                series = Series([TextureTask(image, config)])
                Window(engine, series).paint()
                return series
            except Failure as failure:
                show_error(failure)
                engine.launch()
        raise Cancelled


def _dialog(
    procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, image: Gimp.Image | None
) -> GimpUi.ProcedureDialog:
    """Return the dialog, with thumbnails of the style and a menu of other ones than files."""
    dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Neural Texture"))
    dialog.set_ok_label(_("_Paint"))
    dialog.get_scale_entry("style-scale", 1.0)
    dialog.get_widget("output", Gtk.ComboBox)
    shown = CONTROLS if image is not None else CONTROLS[:-1]
    box = dialog.fill_box("texture", shown)
    dialog.fill(("texture",))
    box.pack_start(Thumbnail(config, ("style",)), False, False, 0)

    def choose(path: Path | None) -> None:
        config.set_property("style", None if path is None else Gio.File.new_for_path(str(path)))

    menu = StyleMenu(image, choose, list, show_error)
    menu.set_label(_("_From…"))
    button = dialog.get_widget("style", GObject.TYPE_NONE)
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
    box.remove(button)
    row.pack_start(button, True, True, 0)
    row.pack_start(menu, False, False, 0)
    row.show()
    box.pack_start(row, False, False, 0)
    box.reorder_child(row, 0)

    def update_paint_button(*_: object) -> None:
        dialog.set_response_sensitive(Gtk.ResponseType.OK, config.get_property("style") is not None)

    config.connect("notify::style", update_paint_button)
    update_paint_button()
    return dialog
