"""The dialog's live preview: the layer painted in one pass with the present settings, and what Paint does."""

from __future__ import annotations

from answers import in_words
from engine import NeuralEngine
from gi.repository import Gimp, GLib, Gtk
from layer_task import subject_of
from nst_client import Hello, Pixels
from nst_client.announcement import announcement
from nst_client.choices import EngineRequest
from nst_client.failure import Failure
from nst_client.forecast import Forecast
from nst_client.live_preview import HEIGHT, SIDE, LivePreview
from nst_client.painted_region import ONE_PASS, PaintedRegions, with_regions
from nst_client.region_preview import RegionPreview
from nst_client.spot import in_part
from nst_client.translation import _
from outcome import NEW_LAYER
from preview_picture import PreviewPicture
from preview_view import View
from rectangle import Rectangle
from region_masks import RegionMasks
from settings import OUTPUT, REGIONS, engine_request, regions_of
from strip import Strip

POLL_MILLISECONDS = 30  # milliseconds
WAITING = _("Painting a quick look…")
WHOLE = _("A quick look. Click: a spot at 100 %.")
SPOT = _("A spot at 100 %. Click for the whole.")


class Preview(Gtk.Box):
    """Follows `config` once the engine is ready, until it is stopped."""

    def __init__(
        self,
        engine: NeuralEngine,
        config: Gimp.ProcedureConfig,
        image: Gimp.Image,
        drawables: list[Gimp.Drawable],
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=4)
        self._engine, self._config, self._image, self._drawables = engine, config, image, drawables
        self._live = LivePreview(lambda content, request: engine.paint(content, request, preview=SIDE))
        self._regions = RegionPreview(self._live)
        self._forecast = Forecast(engine.forecast)
        self._announced: tuple[int, str] | None = None
        self._notices: list[str] = []
        self._picture = PreviewPicture(SIDE, HEIGHT, self._click)
        self._hint = Gtk.Label(xalign=0.5)
        self._text = Gtk.Label(wrap=True, max_width_chars=40, xalign=0, yalign=0)
        two_lines = self._text.create_pango_layout("\n").get_pixel_size()[1]
        self._text.set_size_request(-1, two_lines)  # or the dialog would often grow when the time is known
        self._strip = Strip(config)
        for widget in (self._picture, self._hint, self._strip, self._text):
            self.pack_start(widget, False, False, 0)
        self._view: View | None = None
        self._masks: RegionMasks | None = None
        self._contents: dict[tuple[Rectangle, int], Pixels] = {}
        self._varying: tuple[Pixels, EngineRequest] | None = None
        self._changed = self._moved = True
        config.connect("notify", self._change)
        config.connect(f"notify::{REGIONS}", self._look_at_regions)
        config.connect(f"notify::{OUTPUT}", lambda *_: self._look())
        self._look()
        self.show_all()

    def start(self) -> None:
        """Follow the settings from now on."""
        self._changed = True
        self._timer = GLib.timeout_add(POLL_MILLISECONDS, self._poll)

    def stop(self) -> None:
        """End the job, and follow the settings no longer."""
        GLib.source_remove(self._timer)
        self._regions.stop()

    @property
    def look(self) -> Pixels | None:
        """The newest preview of the whole; None where a spot is shown, or nothing painted yet."""
        return None if self._view is None or self._view.spot else self._picture.painted

    def look_at(self, image: Gimp.Image, drawables: list[Gimp.Drawable]) -> None:
        """Show another layer; of several the first."""
        self._image, self._drawables, self._view = image, drawables, None
        self._look()

    def _look(self) -> None:
        """See the layer and the regions anew; a spot stays one."""
        old = self._view
        self._contents.clear()
        try:
            subject = subject_of(self._image, self._drawables[:1], self._config)
            output = self._config.get_property(OUTPUT) or NEW_LAYER
            spot = old is not None and old.spot and old.subject.layer == subject.layer
            self._view = View(subject, output, old.part, True) if spot else View.whole(subject, output)
            rows = regions_of(self._config)
            self._masks = RegionMasks(rows, subject) if rows.rows else None
        except Failure as failure:  # shown again when Paint is pressed
            self._view = None
            self._text.set_text(str(failure))
        self._changed = self._moved = True

    def _look_at_regions(self, *_: object) -> None:
        """See the regions anew; the layer and the places only where other places were chosen."""
        try:
            same = self._masks and self._view and self._masks.with_rows(regions_of(self._config))
        except Failure:
            same = None
        if same:
            self._masks = same
        else:
            self._look()

    def _click(self, x: float, y: float) -> None:
        """Show the spot that was clicked on; or the whole again."""
        if self._view is not None:
            whole = View.whole(self._view.subject, self._view.output)
            self._view = whole if self._view.spot else self._view.around(x, y)
            self._changed = self._moved = True

    def _change(self, *_: object) -> None:
        self._changed = True

    def _poll(self) -> bool:
        try:
            self._follow()
        except Exception as error:  # whatever it is: GLib would end the timer, and the preview stay as it is
            self._text.set_text(in_words(error))
            self._hint.set_text("")
        return GLib.SOURCE_CONTINUE

    def _follow(self) -> None:
        """Begin or follow what there is to do. Raises Failure."""
        if self._view is not None and self._moved:
            self._moved = False
            self._show_source(self._view)
        hello = self._engine.ready()
        if hello is None or self._view is None:
            return
        if self._changed:
            self._changed = False
            self._begin(self._view, hello)
        picture = self._regions.update()
        if picture is not None:
            self._picture.show_picture(picture, painted=True)
            self._hint.set_text(SPOT if self._view.spot else WHOLE)
        if self._varying is not None and self._regions.complete and picture is not None:
            self._live.vary(*self._varying)
            self._varying = None
        varied = self._live.variation()
        if varied is not None:
            self._strip.show_picture(*varied)
        noticed = self._regions.notices != self._notices
        self._notices = self._regions.notices
        if (self._forecast.update(self._live.busy) or noticed) and self._announced is not None:
            self._announce(self._view, *self._announced)

    def _show_source(self, view: View) -> None:
        """Show the layer as it is, and the regions' outlines, before anything is painted."""
        self._hint.set_text("")
        full = max(view.subject.context.width, view.subject.context.height)
        self._picture.show_outlines(view.outlines(self._masks, full))
        self._picture.show_picture(view.thumbnail(full))

    def _begin(self, view: View, hello: Hello) -> None:
        """Begin to paint the present settings. Raises Failure."""
        self._announced = None
        if not self._has_style():
            self._text.set_text(_("Choose a style picture, and Paint can be pressed."))
            return
        if not self._hint.get_text():
            self._hint.set_text(WAITING)
        request = engine_request(self._config)
        size = int(str(request["options"].get("size") or hello.qualities[request["quality"]]["size"]))
        regions, everything = PaintedRegions(), View.whole(view.subject, view.output)
        if self._masks is not None:
            with_regions(request, everything.regions(self._masks, size))  # raises where Paint will
            regions = view.regions(self._masks, size)
        self._picture.show_outlines(view.outlines(self._masks, size))
        context = view.subject.context
        self._forecast.want(context.width, context.height, request)
        self._announced = size, request["quality"]
        self._announce(view, *self._announced)
        content = self._content(view, size)
        whole = self._content(everything, size)
        self._regions.show(content, in_part(request, view.ratio(size)), regions)
        self._varying = whole, request

    def _has_style(self) -> bool:
        """Return whether a style is chosen, or none is needed. Raises Failure."""
        return self._config.get_property("style") is not None or regions_of(self._config).rest_kept

    def _content(self, view: View, size: int) -> Pixels:
        """Return the pixels of a view; they are read once."""
        key = view.part, view.longest(size)
        if key not in self._contents:
            self._contents[key] = view.content(size)
        return self._contents[key]

    def _announce(self, view: View, size: int, quality: str) -> None:
        part, context = view.subject.painted, view.subject.context
        longest = max(context.width, context.height)
        shown = round(min(size / longest, 1.0) * max(part.width, part.height))
        name = view.subject.layer.get_name()
        selected, one_pass = view.subject.selection is not None, quality in ONE_PASS
        seconds = self._forecast.seconds
        text = announcement(
            name, part.width, part.height, shown, seconds, selected=selected, one_pass=one_pass
        )
        self._text.set_text("\n".join([text, *self._notices]))
