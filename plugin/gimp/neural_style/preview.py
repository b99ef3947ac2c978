"""The dialog's live preview: the layer painted in one pass with the present settings, and what Paint does."""

from __future__ import annotations

from display import scaled
from engine import NeuralEngine
from gi.repository import Gimp, GLib, Gtk
from nst_client import Pixels
from nst_client.announcement import announcement
from nst_client.choices import EngineRequest
from nst_client.failure import Failure
from nst_client.forecast import Forecast
from nst_client.live_preview import HEIGHT, SIDE, LivePreview
from nst_client.translation import _
from outcome import source_layer
from pixels import read_pixels, read_thumbnail
from settings import engine_request
from strip import Strip
from subject import choose

POLL_MILLISECONDS = 30  # milliseconds


class Preview(Gtk.Box):
    """Follows `config` once the engine is ready, until it is stopped."""

    def __init__(
        self,
        engine: NeuralEngine,
        config: Gimp.ProcedureConfig,
        image: Gimp.Image,
        drawables: list[Gimp.Drawable],
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._engine, self._config = engine, config
        self._live = LivePreview(lambda content, request: engine.paint(content, request, preview=SIDE))
        self._forecast = Forecast(engine.forecast)
        self._announced: tuple[EngineRequest, dict[str, dict[str, int]]] | None = None
        self._picture, self._text = Gtk.Image(), Gtk.Label(wrap=True, max_width_chars=40, xalign=0)
        self._picture.set_size_request(SIDE, HEIGHT)
        self._strip = Strip(config)
        self.pack_start(self._picture, False, False, 0)
        self.pack_start(self._strip, False, False, 0)
        self.pack_start(self._text, False, False, 0)
        self._content: Pixels | None = None
        self._changed = True
        self.look_at(image, drawables)
        config.connect("notify", self._change)
        self.show_all()

    def start(self) -> None:
        """Follow the settings from now on."""
        self._changed = True
        self._timer = GLib.timeout_add(POLL_MILLISECONDS, self._poll)

    def stop(self) -> None:
        """End the job, and follow the settings no longer."""
        GLib.source_remove(self._timer)
        self._live.stop()

    def look_at(self, image: Gimp.Image, drawables: list[Gimp.Drawable]) -> None:
        """Show another layer."""
        self._content, self._changed = None, True
        try:
            self._read(image, drawables)
        except Failure as failure:  # shown again when Paint is pressed
            self._text.set_text(str(failure))

    def _read(self, image: Gimp.Image, drawables: list[Gimp.Drawable]) -> None:
        subject = choose(image, drawables)
        self._name, self._part = subject.layer.get_name(), subject.painted
        self._size = subject.context.width, subject.context.height
        self._longest = max(self._size)
        with source_layer(subject.layer, self._config.get_property("output")) as layer:
            self._content = read_pixels(layer, subject.context, SIDE)
            self._picture.set_from_pixbuf(scaled(read_thumbnail(layer, subject.context, SIDE), SIDE, HEIGHT))

    def _change(self, *_: object) -> None:
        self._changed = True

    def _poll(self) -> bool:
        try:
            hello = self._engine.ready()
            if hello is None or self._content is None:
                return GLib.SOURCE_CONTINUE
            if self._changed:
                self._changed = False
                if self._config.get_property("style") is None:
                    self._text.set_text(_("Choose a style picture, and Paint can be pressed."))
                else:
                    request = engine_request(self._config)
                    self._forecast.want(*self._size, request)
                    self._announced = request, hello.qualities
                    self._announce(*self._announced)
                    self._live.show(self._content, request)
                    self._live.vary(self._content, request)
            picture = self._live.update()
            if picture is not None:
                self._picture.set_from_pixbuf(scaled(picture, SIDE, HEIGHT))
            varied = self._live.variation()
            if varied is not None:
                self._strip.show_picture(*varied)
            if self._forecast.update(self._live.busy) and self._announced is not None:
                self._announce(*self._announced)
        except Failure as failure:
            self._text.set_text(str(failure))
        return GLib.SOURCE_CONTINUE

    def _announce(self, request: EngineRequest, qualities: dict[str, dict[str, int]]) -> None:
        size = request["options"].get("size") or qualities[request["quality"]]["size"]
        shown = round(min(size / self._longest, 1.0) * max(self._part.width, self._part.height))
        part, seconds = self._part, self._forecast.seconds
        self._text.set_text(announcement(self._name, part.width, part.height, shown, seconds))
