"""Signal handling: Ctrl-C and SIGTERM let the current step finish, so that its result can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

Handler = Callable[[int, FrameType | None], object] | int | None
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """While it is entered, and `holding`, the first SIGINT or SIGTERM only sets `asked` and calls `notify`.

    Any further one, or one while there is nothing to save yet, raises KeyboardInterrupt at once.
    """

    def __init__(self, notify: Callable[[], None]) -> None:
        self.asked = False
        self.holding = False
        self._notify = notify
        self._before: dict[signal.Signals, Handler] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():  # only there may signals be handled
            self._before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked or not self.holding:
            raise KeyboardInterrupt
        self.asked = True
        self._notify()
