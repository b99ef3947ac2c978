"""Interactive use: GIMP's procedure dialog for the settings, then the progress window."""

from __future__ import annotations

from pathlib import Path

from engine import NeuralEngine
from error_message import show_error
from gi.repository import Gimp, GimpUi, Gio, GLib, GObject, Gtk
from layer_task import subject_of
from names import Names
from nst_client import Pixels
from nst_client.failure import Cancelled, Failure
from nst_client.painted_region import check
from nst_client.painting_record import PaintingRecord
from nst_client.translation import _
from outcome import record_of
from preview import Preview
from region_editor import SHOWN, SHOWN_BESIDE_MORE, RegionEditor
from settings import REGIONS, SELECTED, TARGETS, apply, keep, regions_of
from style_menu import StyleMenu
from targets import series_of
from task import Series
from thumbnail import Thumbnail
from window import Window

POLL_MILLISECONDS = 100  # milliseconds
MAIN = ("style", "strength", "quality", "style-scale", "keep-colours", "output")
MORE = ("second-style", "second-share", "size", "seed")
NAMES = ("model", "device")
CHOICES = ("quality", "keep-colours", "output")
FROM = {"style": _("_From…"), "second-style": _("From…")}


def run_dialog(
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
) -> Series:
    """Show the settings, paint in the progress window, and return what was painted.

    Errors in the settings are shown, and the dialog opens again. Raises Cancelled, and Failure where there is
    nothing to paint, or no engine.
    """
    GimpUi.init("nst-onnx")
    config.set_property(TARGETS, SELECTED)  # all open images are painted only where that is chosen now
    if len(drawables) == 1:
        subject_of(image, drawables, config)
    with NeuralEngine() as engine:  # it starts while the user chooses
        dialog = Settings(procedure, config, engine, image, drawables)
        while dialog.run():
            series = None
            try:
                series = series_of(image, dialog.drawables, config)
                keep(config, image)
                Window(engine, series, dialog.look).paint()
                return series
            except Failure as failure:
                if series is not None and len(series.tasks) == 1:
                    series.task.check()  # raises where no other setting can help
                show_error(failure)
                engine.launch()
        raise Cancelled


class Settings:
    """GIMP's dialog for the procedure, with thumbnails of the styles, a preview, and the engine's models and
    devices.

    `drawables`: what will be painted.
    """

    def __init__(
        self,
        procedure: Gimp.Procedure,
        config: Gimp.ProcedureConfig,
        engine: NeuralEngine,
        image: Gimp.Image,
        drawables: list[Gimp.Drawable],
    ) -> None:
        self._engine, self._config, self._image, self.drawables = engine, config, image, drawables
        self._preview = preview = Preview(engine, config, image, drawables)
        self._gallery: list[str] = []
        self._dialog = dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Neural Style"))
        dialog.set_ok_label(_("_Paint"))
        for name in ("strength", "style-scale", "second-share"):
            dialog.get_scale_entry(name, 1.0)
        for name in CHOICES:  # GIMP 3.2 would show three choices as radio buttons, too high for small screens
            dialog.get_widget(name, Gtk.ComboBox)
        several = len(drawables) > 1 or len(Gimp.get_images()) > 1
        if several:
            dialog.get_widget(TARGETS, Gtk.ComboBox)
        main = dialog.fill_box("main", (*MAIN, *([TARGETS] if several else [])))
        more = dialog.fill_box("more", MORE)
        self._models, self._devices = Names(config, "model"), Names(config, "device")
        labels = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        labels.add_widget(dialog.get_widget("size", GObject.TYPE_NONE).get_label())
        for names in (self._models, self._devices):
            labels.add_widget(names.label)
            more.pack_start(names, False, False, 0)
        for name, box in (("style", main), ("second-style", more)):
            self._add_menu(name, box)
        dialog.get_label("more-title", _("M_ore"), False, True)
        expander = dialog.fill_expander("expander", "more-title", False, "more")
        expander.set_expanded(not all(_at_default(config, name) for name in MORE + NAMES))
        dialog.fill(("main", "expander"))
        # Two columns: one is too high for small screens.
        beside = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12)
        beside.pack_start(preview, False, False, 0)
        beside.pack_start(Thumbnail(config), False, False, 0)
        layer = drawables[0] if len(drawables) == 1 else None
        regions = RegionEditor(config, image, layer, show_error)
        column = _side_by_side(dialog.get_content_area(), (main, expander), beside)
        column.pack_start(regions, False, False, 0)
        column.reorder_child(regions, 1)
        self._offer_record(main)

        def limit_regions(*_: object) -> None:
            """Show fewer regions beside what is in More, or the dialog is too high for small screens."""
            regions.limit(SHOWN_BESIDE_MORE if expander.get_expanded() else SHOWN)

        limit_regions()
        expander.connect("notify::expanded", limit_regions)
        for changed in ("style", "second-style", "quality", REGIONS):
            config.connect(f"notify::{changed}", self._update_paint_button)
        self._update_paint_button(config, None)
        resized = (config, "notify::style"), (config, f"notify::{REGIONS}")
        expanders = (expander, "notify::expanded"), (regions, "notify::expanded")
        for sender, signal in (*resized, *expanders):
            sender.connect_after(signal, self._shrink_soon)
        GLib.timeout_add(POLL_MILLISECONDS, self._fill_choices)

    def run(self) -> bool:
        """Show the dialog; return whether Paint was pressed."""
        self._preview.start()
        confirmed = self._dialog.run()
        self._preview.stop()
        self._dialog.hide()
        return confirmed

    @property
    def look(self) -> Pixels | None:
        """The newest live preview of what will be painted; None where there is none, or for several."""
        several = len(self.drawables) != 1 or self._config.get_property(TARGETS) != SELECTED
        return None if several else self._preview.look

    def _add_menu(self, name: str, box: Gtk.Box) -> None:
        """Put a menu of other styles beside the button for a style's file."""
        button = self._dialog.get_widget(name, GObject.TYPE_NONE)
        place = box.get_children().index(button)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        box.remove(button)
        row.pack_start(button, True, True, 0)

        def choose(path: Path | None) -> None:
            self._config.set_property(name, None if path is None else Gio.File.new_for_path(str(path)))

        none = ((_("_None"), lambda: None),) if name == "second-style" else ()
        menu = StyleMenu(self._image, choose, lambda: self._gallery, show_error, none)
        menu.set_label(FROM[name])
        row.pack_start(menu, False, False, 0)
        row.show()
        box.pack_start(row, False, False, 0)
        box.reorder_child(row, place)

    def _offer_record(self, box: Gtk.Box) -> None:
        """Offer to paint again, where the selected layer is a painting with its settings."""
        layer = self.drawables[0] if len(self.drawables) == 1 else None
        record = record_of(layer) if layer is not None and layer.is_layer() else None
        if record is None:
            return
        button = Gtk.Button(label=_("Paint a_gain from this layer's settings"), use_underline=True)
        button.set_tooltip_text(_("Takes the settings of this painting, and paints the same layer once more"))
        button.connect("clicked", self._use_record, record)
        box.pack_start(button, False, False, 0)
        button.show()

    def _use_record(self, button: Gtk.Button, record: PaintingRecord) -> None:
        apply(record.settings_here, self._config)
        number = record.source_number
        source = None if number is None else self._image.get_layer_by_tattoo(number)
        if source is not None:
            self.drawables = [source]
            self._preview.look_at(self._image, self.drawables)
        button.set_sensitive(False)

    def _update_paint_button(self, config: Gimp.ProcedureConfig, _changed: object) -> None:
        """Enable Paint where all is chosen; else say what is missing."""
        missing = _missing(config)
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, not missing)
        paint = self._dialog.get_widget_for_response(Gtk.ResponseType.OK)
        paint.set_tooltip_text(missing or None)

    def _shrink_soon(self, *_: object) -> None:
        GLib.idle_add(self._shrink)
        GLib.timeout_add(2 * POLL_MILLISECONDS, self._shrink)  # GIMP 3.2 still lays the text out before

    def _shrink(self) -> bool:
        """Shrink the window to its contents after a widget was hidden."""
        self._dialog.resize(self._dialog.get_size().width, 1)
        return GLib.SOURCE_REMOVE

    def _fill_choices(self) -> bool:
        """Add the engine's models and devices once it is ready."""
        try:
            hello = self._engine.ready()
        except Failure:  # shown when Paint is pressed
            return GLib.SOURCE_REMOVE
        if hello is None:
            return GLib.SOURCE_CONTINUE
        self._models.offer(model["name"] for model in hello.models)
        self._devices.offer(hello.devices)
        self._gallery = [path for path in hello.style_files.values() if Path(path).is_file()]
        return GLib.SOURCE_REMOVE


def _at_default(config: Gimp.ProcedureConfig, name: str) -> bool:
    return bool(config.get_property(name) == getattr(config.find_property(name), "default_value", None))


def _missing(config: Gimp.ProcedureConfig) -> str:
    """Return what is still to be chosen, "" where nothing is."""
    file = config.get_property("style")
    try:
        given = regions_of(config)
        if file is None and not given.rest_kept:
            return _("Choose a style picture first")
        painted = [row.style for row in given.rows if not row.keep]
        if not all(painted):
            return _("Choose a style for each region first, or keep it as it is")
        if given.rows:
            chosen = () if given.rest_kept else (file, config.get_property("second-style"))
            own = [one.get_path() or "" for one in chosen if one is not None]
            check(config.get_property("quality"), [*own, *painted])
    except Failure as failure:
        return str(failure)
    return ""


def _side_by_side(area: Gtk.Box, settings: tuple[Gtk.Widget, ...], other: Gtk.Widget) -> Gtk.Box:
    """Move `settings`, which are in `area` one below the other, to the left of `other`."""
    column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=area.get_spacing())
    for widget in settings:
        area.remove(widget)
        column.pack_start(widget, False, False, 0)
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=6)
    row.pack_start(column, True, True, 0)
    row.pack_start(other, False, False, 0)
    area.pack_start(row, True, True, 0)
    area.reorder_child(row, 0)
    column.show()
    other.show()
    row.show()
    return column
