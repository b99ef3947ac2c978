"""Regions as layers, soft places, settings with regions: by the plug-in's modules, without painting."""

import array
import json
import os
from pathlib import Path

from gi.repository import Gimp, Gio

from .installed import plug_in
from .painting import NAME, QUICK
from .pictures import photo, pixels_of, select, told

LEFT = {"where": "channel", "name": "left", "style": "/style.png"}
FILES = "style", "second-style"
LONG = "/" + "x" * 5000


def config_of(regions, **settings):
    """Return the procedure's settings with such regions."""
    config = Gimp.get_pdb().lookup_procedure(NAME).create_config()
    styles = [{"style": os.environ["NST_SECOND"], **one} if "keep" not in one else one for one in regions]
    config.set_property("regions", json.dumps(styles))
    settings = {"style": os.environ["NST_STYLE"], **QUICK, **settings}
    for name, value in settings.items():
        config.set_property(name, Gio.File.new_for_path(value) if name in FILES and value else value)
    return config


def soft_channel(image, name, *ellipse, feather=20):
    """Save a soft ellipse as a channel; then nothing is selected."""
    select(image, *ellipse, feather=feather)
    channel = Gimp.Selection.save(image)
    channel.set_name(name)
    Gimp.Selection.none(image)


def as_layers_and_as_one(
    folder, regions, selected=None, opacity=100.0, mode="NORMAL", mask=None, clear=False
):
    """Deliver a red painting as one layer and as layers; tell what is seen of each.

    `mask`: whether the photo's layer mask applies, None for none. `clear`: the photo is transparent in part.
    """
    plug_in()
    import layer_task
    import nst_client

    image = photo()
    layer = image.get_layers()[0]
    soft_channel(image, "left", 0, 0, 70, 72)
    soft_channel(image, "right", 30, 0, 66, 72)
    if clear:
        layer.add_alpha()
        select(image, 10, 10, 60, 50, feather=20)
        layer.edit_clear()
    if mask is not None:
        select(image, 20, 20, 70, 40, feather=10)
        layer.add_mask(layer.create_mask(Gimp.AddMaskType.SELECTION))
        layer.set_apply_mask(mask)
    Gimp.Selection.none(image)
    layer.set_opacity(opacity)
    layer.set_mode(getattr(Gimp.LayerMode, mode))
    if selected is not None:
        select(image, *selected, feather=10)
    count, facts = len(image.get_layers()), {}
    for name in ("one", "apart"):
        config = config_of(regions, **{"region-layers": name == "apart"})
        task = layer_task.LayerTask(image, [layer], config)
        context = task._subject.context
        red = array.array("f", [1.0, 0.0, 0.0]) * (context.width * context.height)
        painting = nst_client.Pixels(context.width, context.height, 3, "f32", red.tobytes())
        _image, made = task.deliver(painting)
        assert len(image.get_layers()) == count + 1
        visible = Gimp.Layer.new_from_visible(image, image, "seen")
        facts[name] = told(folder, image, visible, name)
        visible.delete()
        if name == "apart":
            facts["group"] = made.is_group()
            layers = made.get_children()
            facts["names"] = [one.get_name() for one in layers]
            masks = [one.get_mask() for one in layers]
            facts["masks"] = [mask and sorted(set(pixels_of(mask))) for mask in masks]
        image.remove_layer(made)
    return facts


def places_of_one_selection(folder):
    """Read a soft selection, and the channel that is saved of it, as places."""
    plug_in()
    import places
    from rectangle import Rectangle

    image = photo()
    select(image, 10, 10, 70, 50, feather=20)
    Gimp.Selection.save(image).set_name("soft")
    area = Rectangle(0, 0, 96, 72)
    kinds = (places.Place(places.SELECTION), places.Place(places.CHANNEL, "soft"))
    selection, channel = (places.PlaceMask(image, kind, area).read(area, 96).data for kind in kinds)
    apart = max(abs(one - other) for one, other in zip(selection, channel, strict=True))
    return {"apart": apart, "soft": sum(60 < value < 200 for value in selection)}


def settings_with_regions(folder):
    """Tell what a record without regions leaves, and what the styles of regions become."""
    plug_in()
    import settings
    from nst_client.failure import Failure

    config = config_of([LEFT], **{"region-layers": True})
    settings.apply({"strength": 0.25}, config)
    facts = {name: config.get_property(name) for name in ("regions", "region-layers", "strength")}
    style = photo(64, 48)
    file = str(Path(folder, "style.xcf"))
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, style, Gio.File.new_for_path(file), None)
    rest = {"where": "rest", "keep": True}
    facts["styles"] = settings.engine_request(config_of([{**LEFT, "style": file}, rest], style=None))[
        "styles"
    ]
    given = {"style": "/learned.nst", "second-style": LONG, "quality": "good"}
    known = settings.engine_request(config_of([{**LEFT, "style": os.environ["NST_STYLE"]}, rest], **given))
    facts["unused"] = [known["styles"] == [os.environ["NST_STYLE"]], known["quality"]]
    facts["long"] = []
    for regions, main in (([{**LEFT, "style": LONG}, rest], None), ([LEFT], LONG)):
        try:
            settings.engine_request(config_of(regions, style=main))
        except Failure as failure:
            facts["long"].append(str(failure)[:40])
    settings.apply({"style": LONG}, config)
    return facts


def the_first_of_two_fails(folder):
    """Paint two layers without a window; the first one is refused while it is being painted."""
    plug_in()
    import layer_task
    from nst_client.failure import Failure
    from quiet_run import paint_without_window
    from task import Series

    images = [photo(), photo()]
    tasks = [layer_task.LayerTask(image, image.get_layers(), config_of([])) for image in images]
    calls = []

    def check():
        calls.append(None)
        if len(calls) > 1:
            raise Failure("refused")

    tasks[0].check = check
    series = Series(tasks)
    paint_without_window(series)
    return {
        "failures": [*map(str, series.failures)],
        "made": [image.get_id() for image, _ in series.made],
        "second": images[1].get_id(),
    }
