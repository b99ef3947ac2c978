"""How often to do something beside the main work without slowing it down."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Lets something happen at most every `least` seconds, and for at most a `share` of the time."""

    def __init__(
        self, least: float, share: float = 0.05, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._least = least
        self._share = share
        self._clock = clock
        self._next = clock()

    def due(self) -> bool:
        """Whether it is time (the first time: at once)."""
        return self._clock() >= self._next

    def spend(self, action: Callable[[], None]) -> None:
        """Do it, and set the next time by how long it took."""
        start = self._clock()
        action()
        end = self._clock()
        self._next = end + max(self._least, (end - start) / self._share)
