"""Regions in the live preview: each is painted in one pass, and laid over the rest by its mask."""

from __future__ import annotations

from .blending import blended, in_bytes
from .choices import EngineRequest
from .failure import Failure
from .live_preview import LivePreview
from .painted_region import PaintedRegions
from .pixels import Pixels


class RegionPreview:
    """Has `live` paint a picture's regions, one after the other; the newest ones asked for.

    Without regions it is the live preview as it is.
    """

    def __init__(self, live: LivePreview) -> None:
        self._live = live
        self._waiting: list[tuple[Pixels | None, EngineRequest]] = []
        self._content: Pixels | None = None
        self._photo: Pixels | None = None
        self._kept: list[Pixels] = []
        self._mask: Pixels | None = None
        self._still: Pixels | None = None
        self._notices_by_number: dict[int, list[str]] = {}
        self.notices: list[str] = []
        """Of the newest picture, all its regions together."""

    def show(self, content: Pixels, request: EngineRequest, given: PaintedRegions) -> None:
        """Ask for a preview of `content`; `request`: of the rest; `given`: with masks of its size."""
        some = bool(given.regions) or given.rest_kept  # a spot of a kept rest may have no region
        if some or self._photo is not None:
            self._live.stop()  # a picture that is still to come would be laid under the wrong mask
        self._notices_by_number.clear()
        self._content = content
        self._photo = self._shown = in_bytes(content) if some else None
        self._kept = [region.mask for region in given.regions if region.kept]
        self._waiting = [] if given.rest_kept else [(None, request)]
        for region in given.regions:
            if not region.kept:
                options = {**request["options"], "strength": region.strength}
                options.pop("style_weights", None)
                self._waiting.append((region.mask, {**request, "styles": [region.style], "options": options}))
        self._still = None if self._waiting else self._photo
        if not self._waiting:
            self.notices = []
        self._next()

    @property
    def complete(self) -> bool:
        """Whether every region has been begun."""
        return not self._waiting

    def update(self) -> Pixels | None:
        """Begin or follow a job; return a new preview, or None. Never blocks.

        Raises Failure, and then begins no further region: what is wrong stays to be read.
        """
        if self._still is not None:  # nothing is painted here
            still, self._still = self._still, None
            return still
        try:
            painted = self._live.update()
        except Failure:
            self._waiting.clear()
            self.notices = []
            raise
        self._gather(*self._live.last_notices)
        if painted is None or self._photo is None or self._shown is None:
            return painted
        shown = painted if self._mask is None else blended(self._shown, painted, self._mask)
        for mask in self._kept:
            shown = blended(shown, self._photo, mask)
        self._shown = shown
        self._next()
        return shown

    def _gather(self, number: int, notices: list[str]) -> None:
        """Gather the notices of the pictures asked for last."""
        found = self._notices_by_number
        if number in found:
            found[number] = notices
            if self.complete and number == max(found):
                self.notices = list(dict.fromkeys(text for one in found.values() for text in one))

    def stop(self) -> None:
        """End the job, and forget what was asked for."""
        self._waiting.clear()
        self._live.stop()

    def _next(self) -> None:
        if self._waiting and self._content is not None:
            self._mask, request = self._waiting.pop(0)
            self._notices_by_number[self._live.show(self._content, request)] = []
