"""The time that the present settings will take, asked of the engine when it has nothing else to do."""

from __future__ import annotations

import queue
from typing import Callable

from .choices import EngineRequest
from .protocol import DIED, Message

Ask = Callable[[int, int, EngineRequest], "queue.Queue[Message]"]


class Forecast:
    """Follows the settings; `seconds` is None while nothing is known."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._wanted: tuple[int, int, EngineRequest] | None = None
        self._known: object = None
        self._answer: queue.Queue[Message] | None = None
        self.seconds: float | None = None

    def want(self, width: int, height: int, request: EngineRequest) -> None:
        """Ask for painting `width` × `height` pixels with `request`, unless that was asked before."""
        options = {name: value for name, value in request["options"].items() if name in ("size", "steps")}
        known = width, height, request["quality"], request["model"], request["device"], options
        if known != self._known:
            self._known, self._wanted = known, (width, height, request)
            self.seconds = None

    @property
    def pending(self) -> bool:
        """Whether `update` has something to do."""
        return self._wanted is not None or self._answer is not None

    def update(self, busy: bool) -> bool:
        """Ask, unless the engine is `busy`, or receive the answer; return whether `seconds` is new."""
        if self._answer is not None:
            try:
                message = self._answer.get_nowait()
            except queue.Empty:
                return False
            self._answer = None
            if message.get("code") == DIED:  # ask again, when there is an engine
                self._known = None
            elif self._wanted is None:
                self.seconds = message.get("seconds")
                return self.seconds is not None
        elif self._wanted is not None and not busy:
            wanted, self._wanted = self._wanted, None
            self._answer = self._ask(*wanted)
        return False
