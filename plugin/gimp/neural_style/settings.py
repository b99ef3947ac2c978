"""The controls: declared as arguments of the procedure, and converted to an engine request."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from gi.repository import Gimp, Gio, GObject
from nst_client import choices
from nst_client.choices import (
    COLOURS,
    LARGEST,
    LARGEST_SEED,
    OWN_COLOURS,
    QUALITIES,
    STRENGTH,
    STYLE_SCALE,
    Choices,
    EngineRequest,
)
from nst_client.failure import Failure
from nst_client.style_files import is_there
from nst_client.translation import _
from outcome import NEW_IMAGE, NEW_LAYER, REPLACE
from region_masks import style_of
from region_rows import RegionRows
from style_pictures import as_engine_reads

ON = GObject.ParamFlags.READWRITE
OUTPUT = "output"
REGIONS, REGION_LAYERS = "regions", "region-layers"
TARGETS = "targets"
SELECTED, ALL_IMAGES = "selected", "all-images"


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
        "strength",
        _("S_trength"),
        _("How much style: 0 stays closest to the photo, 1 is all paint"),
        STRENGTH["low"],
        STRENGTH["high"],
        STRENGTH["default"],
        ON,
    )
    procedure.add_choice_argument(
        "quality",
        _("_Quality"),
        _("How long to paint, and how finely"),
        choice(*QUALITIES),
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
        choice(*COLOURS),
        OWN_COLOURS,
        ON,
    )
    procedure.add_int_argument(
        "seed", _("S_eed"), _("The same seed gives the same painting"), 0, LARGEST_SEED, 0, ON
    )
    declare_network(procedure)
    procedure.add_choice_argument(
        "output",
        _("Put _into"),
        _("Where the painting goes"),
        choice(
            (NEW_LAYER, _("New layer")),
            (REPLACE, _("Replace the layer's pixels")),
            (NEW_IMAGE, _("New image")),
        ),
        NEW_LAYER,
        ON,
    )
    procedure.add_choice_argument(
        TARGETS,
        _("_What to paint"),
        _("Each painting goes above its layer; Cancel leaves those that are finished"),
        choice((SELECTED, _("The selected layers")), (ALL_IMAGES, _("All open images"))),
        SELECTED,
        ON,
    )
    procedure.add_string_argument(
        REGIONS,
        _("Re_gions"),
        _("Parts of the layer with styles of their own, as a list in JSON; see docs/gimp.md"),
        "",
        ON,
    )
    procedure.add_boolean_argument(
        REGION_LAYERS,
        _("A _layer for each region"),
        _("Each region becomes a layer of its own, with a layer mask; for new layers"),
        False,
        ON,
    )
    procedure.add_image_return_value("painted-image", _("Image"), _("The image with the painting"), True, ON)
    procedure.add_layer_return_value("painted-layer", _("Layer"), _("The painted layer"), True, ON)


def declare_network(procedure: Gimp.Procedure) -> None:
    """Add the arguments for the network and the device to `procedure`."""
    procedure.add_string_argument(
        "model", _("_Model"), _("The network that judges (auto, or the name of an installed one)"), "auto", ON
    )
    procedure.add_string_argument(
        "device", _("De_vice"), _("Where it runs (auto, cpu, cuda, cuda:1 …)"), "auto", ON
    )


def engine_request(config: Gimp.ProcedureConfig) -> EngineRequest:
    """Return the keyword arguments of `Engine.stylize` for the settings, less the regions. Raises Failure."""
    regions = regions_of(config)
    painted = [row for row in regions.rows if not row.keep]
    if regions.rest_kept and painted:  # the rest has no style, and needs none
        styles = {"style": style_of(painted[0]), "second-style": ""}
    else:
        styles = {name: style_path(config.get_property(name)) for name in ("style", "second-style")}
    others = {name: config.get_property(name) for name in Choices.__annotations__ if name not in styles}
    return choices.engine_request({**styles, **others})


def style_path(file: Gio.File | None) -> str:
    """Return the path of a picture on this computer; "" where none is chosen. Raises Failure."""
    if file is None:
        return ""
    path = file.get_path()
    if path is None:
        raise Failure(_("the style picture is not a file on this computer: {uri}").format(uri=file.get_uri()))
    if not is_there(path):
        raise Failure(_("the style picture is not there: {path}").format(path=path), _("choose another one"))
    return str(as_engine_reads(Path(path)))


def regions_of(config: Gimp.ProcedureConfig) -> RegionRows:
    """Return the regions. Raises Failure."""
    return RegionRows.decoded(config.get_property(REGIONS) or "")


def apply(settings: Mapping[str, object], config: Gimp.ProcedureConfig) -> None:
    """Set the controls to stored settings; a style whose file is gone, and what does not fit, stays.

    A painting that has none of the settings of regions was made without regions.
    """
    for name, value in {REGIONS: "", REGION_LAYERS: False, **settings}.items():
        about = config.find_property(name)
        if about is None:
            continue
        if name in ("style", "second-style"):
            if value and not is_there(str(value)):
                continue
            value = Gio.File.new_for_path(str(value)) if value else None
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            config.set_property(name, value)


def stored(config: Gimp.ProcedureConfig) -> dict[str, object]:
    """Return the values of the controls as `apply` takes them."""
    values = {name: config.get_property(name) for name in (*Choices.__annotations__, REGIONS, REGION_LAYERS)}
    return {
        name: (value.get_path() or "") if isinstance(value, Gio.File) else value
        for name, value in values.items()
        if value is not None
    }


def keep(config: Gimp.ProcedureConfig, image: Gimp.Image) -> None:
    """Store the settings as those of last time: GIMP itself does so only after a run that succeeds.

    File and parasite have the form that GIMP writes, and prefers at the next run; its own function for it
    takes no settings of a plug-in in Python.
    """
    lines = {
        about.name: f"({about.name} {_serialised(config.get_property(about.name))})"
        for about in config.list_properties()
    }
    kept = [name for name in lines if name in (*Choices.__annotations__, OUTPUT)]
    text = "\n".join(lines[name] for name in kept)
    of_image = "\n".join(lines[name] for name in lines if name in (*kept, REGIONS, REGION_LAYERS))
    kind = config.__gtype__.name
    path = Path(Gimp.directory()) / "plug-in-settings" / f"{kind}.last"
    with contextlib.suppress(OSError):  # it is a convenience
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(f"# settings\n\n{text}\n\n# end of settings\n", "utf-8")
        part.replace(path)
    neither_undone_nor_saved = 0
    image.attach_parasite(Gimp.Parasite.new(f"{kind}-last", neither_undone_nor_saved, of_image.encode()))


def _serialised(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Gio.File):
        value = value.get_uri()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return str(value)


def choice(*options: tuple[str, str]) -> Gimp.Choice:
    """Return a choice of options, each with its label."""
    found = Gimp.Choice.new()
    for number, (name, label) in enumerate(options):
        found.add(name, number, label, "")
    return found
