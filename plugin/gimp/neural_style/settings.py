"""The controls: arguments of the procedure, and the request that is made from their values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gi.repository import Gimp, Gio, GObject
from nst_client import choices
from nst_client.choices import COLOURS, LARGEST, LARGEST_SEED, OWN_COLOURS, QUALITIES, STRENGTH, STYLE_SCALE
from nst_client.failure import Failure
from nst_client.translation import _
from outcome import NEW_IMAGE, NEW_LAYER, REPLACE

ON = GObject.ParamFlags.READWRITE


def declare(procedure: Gimp.Procedure) -> None:
    """Give `procedure` its arguments and return values."""
    procedure.add_file_argument(
        "style",
        _("St_yle picture"),
        _("The painting to paint like"),
        Gimp.FileChooserAction.OPEN,
        True,
        None,
        ON,
    )
    procedure.add_file_argument(
        "second-style",
        _("Secon_d style"),
        _("Another painting to blend with the first (optional)"),
        Gimp.FileChooserAction.OPEN,
        True,
        None,
        ON,
    )
    procedure.add_double_argument(
        "second-share", _("Sh_are of the second"), _("How much of the second painting"), 0.0, 1.0, 0.5, ON
    )
    procedure.add_double_argument(
        "strength",
        _("S_trength"),
        _("How much style: 0 keeps the photo, 1 is all paint"),
        STRENGTH["low"],
        STRENGTH["high"],
        STRENGTH["default"],
        ON,
    )
    procedure.add_choice_argument(
        "quality",
        _("_Quality"),
        _("How long to paint, and how finely"),
        _choice(*QUALITIES),
        "good",
        ON,
    )
    procedure.add_int_argument(
        "size",
        _("Si_ze"),
        _("Longest side of the painting in pixels while it is made; 0 is as the quality says"),
        0,
        LARGEST,
        0,
        ON,
    )
    procedure.add_double_argument(
        "style-scale", _("Stro_ke scale"), _("Below 1: finer strokes; above 1: coarser"), *STYLE_SCALE, ON
    )
    procedure.add_choice_argument(
        "keep-colours",
        _("Colo_urs"),
        _("Whose colours the painting has"),
        _choice(*COLOURS),
        OWN_COLOURS,
        ON,
    )
    procedure.add_int_argument(
        "seed", _("S_eed"), _("The same seed gives the same painting"), 0, LARGEST_SEED, 0, ON
    )
    procedure.add_string_argument(
        "model", _("_Model"), _("The network that judges (auto, or the name of an installed one)"), "auto", ON
    )
    procedure.add_string_argument(
        "device", _("De_vice"), _("Where it runs (auto, cpu, cuda, cuda:1 …)"), "auto", ON
    )
    procedure.add_choice_argument(
        "output",
        _("Put _into"),
        _("Where the painting goes"),
        _choice(
            (NEW_LAYER, _("New layer")),
            (REPLACE, _("Replace the layer's pixels")),
            (NEW_IMAGE, _("New image")),
        ),
        NEW_LAYER,
        ON,
    )
    procedure.add_image_return_value("painted-image", _("Image"), _("The image with the painting"), True, ON)
    procedure.add_layer_return_value("painted-layer", _("Layer"), _("The painted layer"), True, ON)


def asked(config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """Return the keyword arguments of the engine's `stylize`."""
    names = ("strength", "style-scale", "seed", "keep-colours", "size", "quality", "model", "device")
    chosen = {name: config.get_property(name) for name in (*names, "second-share")}
    styles = {name: _path(config.get_property(name)) for name in ("style", "second-style")}
    return choices.asked({**chosen, **styles})


def _path(file: Gio.File | None) -> str | None:
    if file is None:
        return None
    path = file.get_path()
    if path is None:
        raise Failure(_("the style picture is not a file on this computer: {uri}").format(uri=file.get_uri()))
    if not Path(path).is_file():
        raise Failure(_("the style picture is not there: {path}").format(path=path), _("choose another one"))
    return path


def _choice(*options: tuple[str, str]) -> Gimp.Choice:
    choice = Gimp.Choice.new()
    for number, (name, label) in enumerate(options):
        choice.add(name, number, label, "")
    return choice
