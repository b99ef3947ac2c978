"""Rate limit for previews, progress lines and checkpoints, so that they do not slow the main work."""

from __future__ import annotations

import time
from collections.abc import Callable


class Throttle:
    """Limits an action to once in `interval` seconds, and to a `share` (0..1) of the time."""

    def __init__(
        self, interval: float, share: float = 0.05, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = interval
        self._share = share
        self._clock = clock
        self._next = clock()

    def due(self) -> bool:
        """Return whether the action may run now (the first time: at once)."""
        return self._clock() >= self._next

    def run(self, action: Callable[[], None]) -> None:
        """Run the action, and set the next time from its duration."""
        start = self._clock()
        action()
        end = self._clock()
        self._next = end + max(self._interval, (end - start) / self._share)
