"""What the engine does while the user chooses: the live preview, its variations, and the forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from krita import Document, Node

from .nst_client.announcement import announcement
from .nst_client.choices import EngineRequest
from .nst_client.events import Hello
from .nst_client.failure import Failure
from .nst_client.forecast import Forecast
from .nst_client.live_preview import SIDE, LivePreview
from .nst_client.painted_region import ONE_PASS, PaintedRegions
from .nst_client.pixels import Pixels
from .nst_client.region_preview import RegionPreview
from .nst_client.sandboxed_engine import NeuralEngine
from .qt import QtCore
from .region import region


@dataclass(frozen=True)
class View:
    """What is looked at: `content`, painted with `request` and with `regions` (masks of the content's size).

    `whole`: all of the layer, small; `settings`: the request that is varied with it.
    """

    content: Pixels
    request: EngineRequest
    regions: PaintedRegions
    whole: Pixels
    settings: EngineRequest


class Live(QtCore.QObject):
    """Follows the settings. `engine()` returns the engine, once it is ready.

    Signals: `looked` (Pixels, or an error message); `varied` (Variation, Pixels);
    `announcement_changed`: `announced` returns something new, such as the time.
    """

    looked = QtCore.pyqtSignal(object)
    varied = QtCore.pyqtSignal(object, object)
    announcement_changed = QtCore.pyqtSignal()

    def __init__(self, engine: Callable[[], NeuralEngine], parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._preview = LivePreview(lambda content, request: engine().paint(content, request, preview=SIDE))
        self._regions = RegionPreview(self._preview)
        self._to_vary: tuple[Pixels, EngineRequest] | None = None
        self._notices: list[str] = []
        self._forecast = Forecast(lambda *asked: engine().forecast(*asked))
        self.hello: Hello | None = None
        """Of the engine, once it is ready."""

    def show(self, view: View) -> None:
        """Paint in one pass, and emit `looked`; then vary, and emit `varied`. The newest call counts."""
        self._regions.show(view.content, view.request, view.regions)
        self._to_vary = view.whole, view.settings

    def stop(self) -> None:
        """Paint no more."""
        self._to_vary = None
        self._regions.stop()

    @property
    def busy(self) -> bool:
        """Whether `update` has something to do."""
        return self._preview.busy or self._to_vary is not None or self._forecast.pending

    def update(self) -> None:
        """Begin or follow what was asked for. Never blocks. Raises Failure where there is no engine."""
        try:
            picture = self._regions.update()
            if self._to_vary is not None and self._regions.complete:
                self._preview.vary(*self._to_vary)
                self._to_vary = None
        except Failure as failure:
            self.looked.emit(str(failure))
            self._follow_announcement()
            return
        if picture is not None:
            self.looked.emit(picture)
        varied = self._preview.variation()
        if varied is not None:
            self.varied.emit(*varied)
        self._follow_announcement()

    def _follow_announcement(self) -> None:
        """Emit `announcement_changed` where the forecast or the notices have changed."""
        noticed, self._notices = self._notices, self._regions.notices
        if self._forecast.update(self._preview.busy) or self._notices != noticed:
            self.announcement_changed.emit()

    def size_of(self, request: EngineRequest, longest: int) -> int:
        """Return the longest side at which a picture with `longest` pixels would be painted."""
        size = request["options"].get("size")
        if not size and self.hello is not None:
            size = self.hello.qualities[request["quality"]]["size"]
        return min(int(str(size)), longest) if size else longest

    def announced(self, document: Document, layer: Node, request: EngineRequest, *, whole: bool) -> str:
        """Return what Paint would do with `layer`, in words; "" while the engine is not ready.

        `whole`: whatever is selected.
        """
        if self.hello is None:
            return ""
        try:
            part = region(document, layer, whole=whole)
        except Failure as failure:
            return str(failure)
        longest = max(part.context.width, part.context.height)
        scale = self.size_of(request, longest) / longest
        shown = round(scale * max(part.painted.width, part.painted.height))
        self._forecast.want(part.context.width, part.context.height, request)
        seconds = self._forecast.seconds
        sides = part.painted.width, part.painted.height
        selected, one_pass = part.mask is not None, request["quality"] in ONE_PASS
        text = announcement(layer.name(), *sides, shown, seconds, selected=selected, one_pass=one_pass)
        return "\n".join([text, *self._regions.notices])
