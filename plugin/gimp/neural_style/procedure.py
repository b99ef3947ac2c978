"""The GIMP procedure, for menu and scripts: from a layer and settings to a painted layer."""

from __future__ import annotations

from answers import answer
from gi.repository import Gimp
from nst_client.translation import _
from quiet_run import paint_without_window
from settings import declare
from targets import series_of
from task import Series

NAME = "plug-in-nst-onnx-neural-style"


def make(plug_in: Gimp.PlugIn, name: str) -> Gimp.Procedure:
    """Return the procedure with its menu entry and arguments."""
    procedure = Gimp.ImageProcedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_image_types("*")
    one_or_more = Gimp.ProcedureSensitivityMask.DRAWABLE | Gimp.ProcedureSensitivityMask.DRAWABLES
    procedure.set_sensitivity_mask(one_or_more)
    procedure.set_menu_label(_("_Neural Style…"))
    procedure.set_icon_name("gimp-tool-paintbrush")
    procedure.add_menu_path("<Image>/Filters/Artistic")
    procedure.set_documentation(
        _("Paint this layer like that painting"),
        _("Paints the selected part of a layer in the manner of one or two pictures, with nst-onnx."),
        name,
    )
    procedure.set_attribution("The nst-onnx authors", "The nst-onnx authors", "2026")
    declare(procedure)
    return procedure


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: None,
) -> Gimp.ValueArray:
    """Paint, interactively or not by `run_mode`; every error is returned as one message."""

    def paint() -> Series:
        if run_mode == Gimp.RunMode.INTERACTIVE:
            # Imports GTK, which needs a screen: scripts run without one.
            from dialog import run_dialog
            from setup_window import require_engine

            require_engine()
            return run_dialog(procedure, config, image, drawables)
        series = series_of(image, drawables, config)
        paint_without_window(series)
        return series

    return answer(procedure, run_mode, paint)
