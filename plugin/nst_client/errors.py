"""Errors of the engine as a whole, and the operating system's reasons in words."""

from __future__ import annotations


class EngineError(Exception):
    """The engine cannot be used: `str(error)` is the reason, `hint` the remedy, `log` the end of its log."""

    def __init__(self, message: str, hint: str = "", log: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.log = log


def system_reason(error: Exception) -> str:
    """Return the operating system's text for a failed call, in lower case and without its number."""
    return (getattr(error, "strerror", None) or str(error)).lower().rstrip(".")
