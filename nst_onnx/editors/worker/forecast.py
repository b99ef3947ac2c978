"""One `forecast` request: how long a painting would take."""

from __future__ import annotations

import contextlib
import traceback
from dataclasses import replace
from typing import Any

from nst_onnx.editors.worker.channel import Channel
from nst_onnx.editors.worker.model_cache import ModelCache
from nst_onnx.editors.worker.protocol import Message, ProtocolError, error_event
from nst_onnx.editors.worker.request import Request
from nst_onnx.errors import NstError
from nst_onnx.painting import forecast
from nst_onnx.painting.options import Options
from nst_onnx.painting.quality import ONE_PASS
from nst_onnx.picture import Picture

_LARGEST = 1 << 16  # pixels of a side
_OF_NO_IMPORTANCE: dict[str, Any] = {
    **{
        name: getattr(Options, name)
        for name in ("strength", "style_scale", "seed", "quality", "size", "steps")
    },
    **{name: getattr(Options, name) for name in ("max_seconds", "preserve_colour", "colour_transfer")},
}
"""Options that leave the time of an evaluation as it is, at their defaults."""


class Forecast:
    """A question that is answered by the computing thread, when no picture is being painted."""

    def __init__(self, request: Message, channel: Channel) -> None:
        self._request, self._channel = request, channel

    def run(self, models: ModelCache) -> None:
        """Send the answer, or an error. Never raises."""
        name = self._request["id"]
        try:
            event = {"event": "forecast", "id": name, "seconds": self._seconds(models)}
        except BaseException as error:
            if not isinstance(error, NstError):
                with contextlib.suppress(OSError):
                    traceback.print_exc()
            event = error_event(error, name)
        self._channel.send(event)

    def _seconds(self, models: ModelCache) -> float | None:
        """Return the seconds; None for one pass, which takes a moment. Raises NstError."""
        request = Request(self._request, _no_pictures)
        options = Options.of(request.options())
        if options.quality in ONE_PASS:
            return None
        shape = self._shape()
        network = models.stylizer(request.model(), request.text("device"), options.preset).network
        options = replace(options, style_weights=None)
        objective = replace(options, **_OF_NO_IMPORTANCE)
        work = forecast.work(network, shape, options)
        seconds = 0.0
        for amount, fine in ((work.usual, False), (work.fine, True)):
            if amount:
                key = id(network), repr(objective), fine
                if key not in models.rates:
                    models.rates[key] = forecast.rate(network, objective, fine=fine)
                seconds += models.rates[key] * amount
        return seconds

    def _shape(self) -> tuple[int, int]:
        """Return the (H, W) asked about. Raises ProtocolError."""
        content = self._request.get("content")
        asked = (content.get("height"), content.get("width")) if isinstance(content, dict) else ()
        sides = [side for side in asked if type(side) is int and 0 < side <= _LARGEST]
        if len(sides) != 2:
            raise ProtocolError('"content" must have a "width" and a "height"')
        return sides[0], sides[1]


def _no_pictures(_described: object, what: str) -> Picture:
    raise ProtocolError(f"a forecast takes no {what}")
