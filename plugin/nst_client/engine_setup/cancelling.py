"""A wish to cancel, passed from the interface's thread to the thread that works."""

from __future__ import annotations

import threading

from ..failure import Cancelled


class Cancelling:
    """`wish` from any thread; `check` in the working one raises Cancelled from then on."""

    def __init__(self) -> None:
        self._wished = threading.Event()

    def wish(self) -> None:
        """Ask for an end."""
        self._wished.set()

    @property
    def wished(self) -> bool:
        """Whether an end was asked for."""
        return self._wished.is_set()

    def check(self) -> None:
        """Raise Cancelled where an end was asked for."""
        if self._wished.is_set():
            raise Cancelled
