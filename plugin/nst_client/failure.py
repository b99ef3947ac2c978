"""Failures as sentences for the user of an editor."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818
    """The painting cannot be made; `str(failure)` is the reason and the remedy, as sentences."""

    def __init__(self, message: str, hint: str = "") -> None:
        message, hint = (" ".join(part.split()).rstrip(".") for part in (message, hint))
        super().__init__(". ".join(part[:1].upper() + part[1:] for part in (message, hint) if part) + ".")


class Cancelled(Exception):  # noqa: N818
    """The user cancelled the painting."""
