"""What went wrong, in words for the person at the editor."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818
    """The painting cannot be made; `str` says why and what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        message, hint = (" ".join(part.split()).rstrip(".") for part in (message, hint))
        super().__init__(". ".join(part[:1].upper() + part[1:] for part in (message, hint) if part) + ".")


class Cancelled(Exception):  # noqa: N818
    """The person has thought better of it."""
