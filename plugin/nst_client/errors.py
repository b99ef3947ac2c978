"""What goes wrong with the engine as a whole."""

from __future__ import annotations


class EngineError(Exception):
    """The engine cannot be used. `str(error)` says why, `hint` what to do, `log` the end of its log."""

    def __init__(self, message: str, hint: str = "", log: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.log = log
