"""The GIMP procedure behind the menu entry that sets up, updates or removes the engine."""

from __future__ import annotations

from pathlib import Path

from gi.repository import Gimp, GLib, GObject
from nst_client.engine_setup.parts import Parts
from nst_client.translation import _

NAME = "plug-in-nst-onnx-engine"


def names() -> list[str]:
    """Return the procedure's name where the plug-in came as a ZIP; else `nst-onnx plugin` does the work."""
    return [NAME] if Parts.of(Path(__file__).resolve().parent) is not None else []


def make(plug_in: Gimp.PlugIn, name: str) -> Gimp.Procedure:
    """Return the procedure with its menu entry."""
    procedure = Gimp.Procedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_menu_label(_("_Engine of Neural Style…"))
    procedure.set_icon_name("gimp-tool-paintbrush")
    procedure.add_menu_path("<Image>/Filters/Artistic")
    procedure.set_documentation(
        _("Set up, update or remove the engine of Neural Style"),
        _("Opens a window that downloads the engine that Neural Style paints with."),
        name,
    )
    procedure.add_enum_argument(  # GIMP lists no procedure without it in an image's menu
        "run-mode",
        "Run mode",
        "The run mode",
        Gimp.RunMode.__gtype__,
        Gimp.RunMode.INTERACTIVE,
        GObject.ParamFlags.READWRITE,
    )
    procedure.set_attribution("The nst-onnx authors", "The nst-onnx authors", "2026")
    return procedure


def run(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, _data: None) -> Gimp.ValueArray:
    """Show the window, where the user asks for it; scripts have no use for it."""
    parts = Parts.of(Path(__file__).resolve().parent)
    if parts is not None and config.get_property("run-mode") == Gimp.RunMode.INTERACTIVE:
        from setup_window import SetupWindow  # imports GTK, which needs a screen

        SetupWindow(parts).run()
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
