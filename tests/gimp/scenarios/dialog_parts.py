"""The dialog's preview and rows of regions, and the progress window, in the GIMP with a window."""

import json
import os
import queue
from types import SimpleNamespace

import gi
from gi.repository import Gimp

from .installed import plug_in
from .painting import NAME
from .pictures import photo

LEFT, RIGHT = ({"where": "channel", "name": name} for name in ("left", "right"))
KEPT_REST = {"where": "rest", "keep": True}


class FakeEngine:
    """Ready at once; it notes what it is to paint, and paints nothing."""

    def __init__(self):
        self.painted = []

    def ready(self):
        return SimpleNamespace(qualities={"good": {"size": 96}, "instant": {"size": 96}})

    def paint(self, content, request, *, preview=None):
        self.painted.append(request["styles"])
        return SimpleNamespace(poll=list, cancel=lambda: None)

    def forecast(self, *_):
        return queue.Queue()


def _start():
    for name in ("Gtk", "Gdk", "GimpUi"):
        gi.require_version(name, "3.0")
    plug_in()
    from gi.repository import GimpUi

    GimpUi.init("nst-onnx-test")
    image = photo()
    for name, x in (("left", 0), ("right", 64)):
        image.select_rectangle(Gimp.ChannelOps.REPLACE, x, 0, 32, 72)
        Gimp.Selection.save(image).set_name(name)
    Gimp.Selection.none(image)
    return image, image.get_layers()[0], Gimp.get_pdb().lookup_procedure(NAME).create_config()


def _text(*regions):
    return json.dumps(
        [{"style": os.environ["NST_STYLE"], **one} if "keep" not in one else one for one in regions]
    )


def strengths_of_regions():
    """Change a region's strength; tell how many masks and thumbnails that makes anew."""
    image, layer, config = _start()
    import preview
    import region_row
    from places import Place
    from region_rows import Row

    masks, thumbnails, known = [], [], (preview.RegionMasks, region_row.thumbnail_of)
    preview.RegionMasks = lambda *given: masks.append(None) or known[0](*given)
    region_row.thumbnail_of = lambda *given: thumbnails.append(None) or known[1](*given)
    try:
        config.set_property("regions", _text({**LEFT, "strength": 0.3}))
        box = preview.Preview(FakeEngine(), config, image, [layer])
        place = Place("channel", "left")
        row = region_row.RegionRow(
            0, Row(place, os.environ["NST_STYLE"], 0.3), [place], image, lambda *_: None, print
        )
        masks.clear()
        thumbnails.clear()
        config.set_property("regions", _text({**LEFT, "strength": 0.8}))
        row._strength.set_value(0.8)
        facts = {"masks": len(masks), "thumbnails": len(thumbnails)}
        facts["strength"] = box._masks.rows.rows[0].strength
        config.set_property("regions", _text(RIGHT))
        row._become(style=os.environ["NST_PHOTO"])
        facts.update(another_place=len(masks), another_style=len(thumbnails))
    finally:
        preview.RegionMasks, region_row.thumbnail_of = known
    return facts


def kept_spots():
    """Look at spots where nothing is painted: beside every region, and in one that is kept."""
    image, layer, config = _start()
    import preview
    from preview_view import View
    from rectangle import Rectangle

    painted, texts, shown = [], [], []
    for regions, x in (([LEFT, KEPT_REST], 50), ([RIGHT, {**LEFT, "keep": True}, KEPT_REST], 4)):
        config.set_property("regions", _text(*regions))
        engine = FakeEngine()
        box = preview.Preview(engine, config, image, [layer])
        box._view = View(box._view.subject, box._view.output, Rectangle(x, 10, 20, 20), True)
        box._poll()
        texts.append(box._text.get_text())
        photo_there = box._picture._picture
        photo_there = photo_there and (photo_there.width, photo_there.height)
        shown.append(photo_there == (20, 20) and box._regions.complete)
        painted += [styles for styles in engine.painted if styles]
    return {"painted": painted, "texts": texts, "shown": shown}


def regions_left_out():
    """Open the settings of two regions, of which one place is not in the image."""
    image, layer, config = _start()
    import region_editor

    config.set_property("regions", _text(LEFT, {**LEFT, "name": "elsewhere"}))
    editor = region_editor.RegionEditor(config, image, layer, print)
    left = json.loads(config.get_property("regions"))
    return {"left": [one["name"] for one in left], "hint": editor._hint.get_text()}


def unforeseen():
    """Have the timers of the preview and of the progress window meet an error of another kind."""
    image, layer, config = _start()
    import preview
    import window
    from gi.repository import GLib, Gtk
    from task import Series

    def break_down(*_):
        raise ValueError("unforeseen")

    box = preview.Preview(FakeEngine(), config, image, [layer])
    box._follow = break_down
    facts = {"goes_on": box._poll(), "text": box._text.get_text(), "raised": ""}
    task = SimpleNamespace(
        name="task", longest=9, check=lambda: None, picture=lambda _side: None, begin=break_down
    )
    dead = GLib.timeout_add(10_000, Gtk.main_quit)
    try:
        window.Window(FakeEngine(), Series([task])).paint()
    except ValueError as error:
        facts["raised"] = type(error).__name__
        GLib.source_remove(dead)
    return facts


def what_is_missing():
    """Tell why Paint cannot be pressed, for settings that are not complete, and for one that is."""
    _image, _layer, config = _start()
    import dialog
    from gi.repository import Gio

    style = Gio.File.new_for_path(os.environ["NST_STYLE"])
    unstyled = json.dumps([{**LEFT, "style": ""}])
    kept = {**LEFT, "keep": True}
    facts = {}
    for name, chosen, quality, regions in (
        ("nothing", None, "good", ""),
        ("complete", style, "good", ""),
        ("complete with a region", style, "good", _text(LEFT)),
        ("complete without a style", None, "good", _text(LEFT, KEPT_REST)),
        ("no style of a region", style, "good", unstyled),
        ("one pass", style, "instant", _text(LEFT)),
        ("all kept", style, "good", _text(kept, KEPT_REST)),
    ):
        config.set_property("style", chosen)
        config.set_property("quality", quality)
        config.set_property("regions", regions)
        facts[name] = dialog._missing(config)
    return facts


def told_in_the_dialog():
    """Look at the words beside the preview: of a selection, before a look, of values in use."""
    image, layer, config = _start()
    import preview
    from gi.repository import Gio

    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 40, 30)
    box = preview.Preview(FakeEngine(), config, image, [layer])
    box._poll()
    facts = {"hint without a style": box._hint.get_text()}
    config.set_property("style", Gio.File.new_for_path(os.environ["NST_STYLE"]))
    config.set_property("strength", 0.9)
    box._poll()
    facts.update(hint=box._hint.get_text(), text=box._text.get_text(), outlines=len(box._picture._outlines))
    facts["strengths"] = box._strip._labels["strength"].get_label()
    config.set_property("quality", "instant")
    box._poll()
    facts["one pass"] = box._text.get_text()
    Gimp.Selection.none(image)
    return facts


def the_look_goes_on():
    """Open the progress window with the dialog's preview, and tell the colour that it shows."""
    image, layer, config = _start()
    import preview
    import window
    from nst_client import Pixels
    from task import Series

    box = preview.Preview(FakeEngine(), config, image, [layer])
    facts = {"before": box.look is not None}
    box._picture.show_picture(Pixels(2, 2, 3, "u8", bytes([200, 10, 20] * 4)), painted=True)
    task = SimpleNamespace(name="task", longest=9, check=lambda: None, picture=lambda _side: None)
    shown = window.Window(FakeEngine(), Series([task]), box.look)
    facts["colour"] = list(shown._picture.get_pixbuf().get_pixels()[:3])
    box._click(0.5, 0.5)
    facts["of a spot"] = box.look is not None
    shown._dialog.destroy()
    return facts
