"""The controls: declared as arguments of the procedure, and converted to an engine request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gi.repository import Gimp, Gio, GObject
from nst_client.failure import Failure
from nst_client.translation import _
from outcome import NEW_IMAGE, NEW_LAYER, REPLACE

LARGEST = 8192
ON = GObject.ParamFlags.READWRITE


def declare(procedure: Gimp.Procedure) -> None:
    """Add the arguments and return values to `procedure`."""
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
        "strength", _("S_trength"), _("How much style: 0 keeps the photo, 1 is all paint"), 0.0, 1.0, 0.5, ON
    )
    procedure.add_choice_argument(
        "quality",
        _("_Quality"),
        _("How long to paint, and how finely"),
        _choice(("fast", _("Fast")), ("good", _("Good")), ("best", _("Best"))),
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
        "style-scale", _("Stro_ke scale"), _("Below 1: finer strokes; above 1: coarser"), 0.1, 4.0, 1.0, ON
    )
    procedure.add_choice_argument(
        "keep-colours",
        _("Colo_urs"),
        _("Whose colours the painting has"),
        _choice(
            ("no", _("Of the painting")),
            ("luminance", _("Of the photo (only lightness is painted)")),
            ("histogram", _("Painting recoloured like the photo, by histogram")),
            ("covariance", _("Painting recoloured like the photo, linearly")),
        ),
        "no",
        ON,
    )
    procedure.add_int_argument(
        "seed", _("S_eed"), _("The same seed gives the same painting"), 0, 2**31 - 1, 0, ON
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


def engine_request(config: Gimp.ProcedureConfig) -> dict[str, Any]:
    """Return the keyword arguments of `Engine.stylize` for the settings. Raises Failure."""
    styles = [_path(config.get_property("style"))]
    if styles[0] is None:
        raise Failure(_("no style picture is chosen"), _("choose a painting to paint like"))
    second = _path(config.get_property("second-style"))
    share = config.get_property("second-share")
    options: dict[str, Any] = {
        "strength": config.get_property("strength"),
        "style_scale": config.get_property("style-scale"),
        "seed": config.get_property("seed"),
    }
    if second is not None:
        styles.append(second)
        options["style_weights"] = [1 - share, share]
    colours = config.get_property("keep-colours")
    if colours != "no":
        options["preserve_colour"] = colours
    if config.get_property("size"):
        options["size"] = config.get_property("size")
    return {
        "styles": styles,
        "options": options,
        "quality": config.get_property("quality"),
        "model": config.get_property("model").strip() or "auto",
        "device": config.get_property("device").strip() or "auto",
    }


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
