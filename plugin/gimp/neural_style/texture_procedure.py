"""The GIMP procedure that makes a texture, for menu and scripts; it needs no image."""

from __future__ import annotations

from answers import answer
from gi.repository import Gimp
from nst_client.choices import LARGEST, LARGEST_SEED, STYLE_SCALE
from nst_client.translation import _
from outcome import NEW_IMAGE, NEW_LAYER
from quiet_run import paint_without_window
from settings import ON, choice, declare_network
from task import Series
from texture_task import TextureTask

NAME = "plug-in-nst-onnx-texture"
SIDE = 512  # pixels


def make(plug_in: Gimp.PlugIn, name: str) -> Gimp.Procedure:
    """Return the procedure with its menu entry and arguments."""
    procedure = Gimp.ImageProcedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_image_types("*")
    procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.ALWAYS)
    procedure.set_menu_label(_("Neural _Texture…"))
    procedure.set_icon_name("gimp-tool-paintbrush")
    procedure.add_menu_path("<Image>/Filters/Artistic")
    procedure.set_documentation(
        _("Make a texture like a painting"),
        _("Paints a texture in the manner of a picture, without a photo, with nst-onnx; it may be a tile."),
        name,
    )
    procedure.set_attribution("The nst-onnx authors", "The nst-onnx authors", "2026")
    _declare(procedure)
    return procedure


def _declare(procedure: Gimp.Procedure) -> None:
    """Add the arguments and return values."""
    procedure.add_file_argument(
        "style",
        _("St_yle picture"),
        _("The painting that the texture is like"),
        Gimp.FileChooserAction.OPEN,
        True,
        None,
        ON,
    )
    for side, label in (("width", _("_Width")), ("height", _("Hei_ght"))):
        procedure.add_int_argument(
            side, label, _("In pixels; of a seamless texture in multiples of 16"), 16, LARGEST, SIDE, ON
        )
    procedure.add_boolean_argument(
        "seamless",
        _("_Seamless"),
        _("A tile: its left side continues at its right one, its lower at its upper one"),
        True,
        ON,
    )
    procedure.add_double_argument(
        "style-scale", _("Stro_ke scale"), _("Below 1: finer strokes; above 1: coarser"), *STYLE_SCALE, ON
    )
    procedure.add_int_argument(
        "seed", _("S_eed"), _("The same seed gives the same texture"), 0, LARGEST_SEED, 0, ON
    )
    declare_network(procedure)
    procedure.add_choice_argument(
        "output",
        _("Put _into"),
        _("Where the texture goes"),
        choice((NEW_IMAGE, _("New image")), (NEW_LAYER, _("New layer"))),
        NEW_IMAGE,
        ON,
    )
    procedure.add_image_return_value("painted-image", _("Image"), _("The image with the texture"), True, ON)
    procedure.add_layer_return_value("painted-layer", _("Layer"), _("The texture's layer"), True, ON)


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image | None,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: None,
) -> Gimp.ValueArray:
    """Paint, interactively or not by `run_mode`; every error is returned as one message."""

    def paint() -> Series:
        if run_mode == Gimp.RunMode.INTERACTIVE:
            # Imports GTK, which needs a screen: scripts run without one.
            from setup_window import require_engine
            from texture_dialog import run_dialog

            require_engine()
            return run_dialog(procedure, config, image)
        series = Series([TextureTask(image, config)])
        paint_without_window(series)
        return series

    return answer(procedure, run_mode, paint)
