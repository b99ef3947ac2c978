"""A layer to be painted, with the settings of the moment when Paint was pressed."""

from __future__ import annotations

from dataclasses import replace

import outcome
from engine import NeuralEngine
from gi.repository import Gimp
from nst_client import Pixels
from nst_client.painted_name import painted_name
from nst_client.painted_region import with_regions
from nst_client.painting_record import PaintingRecord
from nst_client.progress import JobMonitor
from nst_client.region import check_size
from pixels import read_pixels, read_thumbnail
from region_layers import deliver_layers
from region_masks import RegionMasks
from settings import REGION_LAYERS, engine_request, regions_of, stored
from style_pictures import SHELF
from subject import Subject, choose
from task import Made

OVERSAMPLING = 2  # content pixels per painted pixel, so that the engine's own filter does the scaling


class LayerTask:
    """See `task.Task`. Raises Failure where the settings or the layer cannot be painted."""

    def __init__(
        self, image: Gimp.Image, drawables: list[Gimp.Drawable], config: Gimp.ProcedureConfig
    ) -> None:
        rows = regions_of(config)
        self._subject = subject = subject_of(image, drawables, config)
        self._output = config.get_property("output")
        outcome.check(subject.layer, self._output)
        self._request = engine_request(config)
        self._regions = RegionMasks(rows, subject) if rows.rows else None
        self._apart = bool(rows.rows) and config.get_property(REGION_LAYERS)
        self._settings = stored(config)
        self._styles = [str(row.style) for row in rows.rows if not row.keep]
        if not (rows.rows and rows.rest_kept):
            own = [self._settings[name] for name in ("style", "second-style") if self._settings.get(name)]
            self._styles = [*map(str, own), *self._styles]
        self.name: str = subject.layer.get_name()
        self.longest = max(subject.context.width, subject.context.height)

    def check(self) -> None:
        """Raise Failure where the painting can no longer be written."""
        self._subject.check()

    def picture(self, side: int) -> Pixels:
        """Return what will be painted, at most `side` pixels wide and high."""
        with outcome.source_layer(self._subject.layer, self._output) as layer:
            return read_thumbnail(layer, self._subject.context, side)

    def begin(self, engine: NeuralEngine, preview: int | None) -> JobMonitor | None:
        """Start the job; return None while the engine is still starting. Never blocks."""
        hello = engine.ready()
        if hello is None:
            return None
        subject, request = self._subject, self._request
        size = request["options"].get("size") or hello.qualities[request["quality"]]["size"]
        context = subject.context
        check_size(context.width, context.height, size)
        with outcome.source_layer(subject.layer, self._output) as layer:
            content = read_pixels(layer, context, OVERSAMPLING * size)
        if self._regions is not None:
            request = with_regions(request, self._regions.read(context, OVERSAMPLING * size))
        return JobMonitor(engine.paint(content, request, preview=preview))

    def deliver(self, painting: Pixels) -> Made:
        """Write the painting, named after its style, and with its settings, to the chosen output."""
        subject, new_layer = self._subject, self._output == outcome.NEW_LAYER
        SHELF.remember(*self._styles)
        name = painted_name(self.name, self._styles, float(str(self._settings["strength"])))
        source = str(subject.layer.get_tattoo()) if new_layer else ""
        record = PaintingRecord(self._settings, source)
        if self._regions is None:
            return outcome.deliver(subject, painting, self._output, name, record)
        if self._apart and new_layer:
            return deliver_layers(subject, painting, self._regions, name, record)
        subject = replace(subject, selection=self._regions.painted())
        return outcome.deliver(subject, painting, self._output, name, record)

    def belongs_to(self, image: Gimp.Image) -> bool:
        """Return whether the layer is in an image."""
        return bool(self._subject.image == image)


def subject_of(image: Gimp.Image, drawables: list[Gimp.Drawable], config: Gimp.ProcedureConfig) -> Subject:
    """Return the subject with the present settings: the whole layer where the selection is a region."""
    return choose(image, drawables, whole=regions_of(config).use_the_selection)
