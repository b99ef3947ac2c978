"""Failures as sentences for the user of an editor."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818
    """The painting cannot be made; `str(failure)` is the reason and the remedy, as sentences."""

    def __init__(self, message: str, hint: str = "") -> None:
        message, hint = (" ".join(part.split()).rstrip(".") for part in (message, hint))
        super().__init__(". ".join(_sentence(part) for part in (message, hint) if part) + ".")


def _sentence(text: str) -> str:
    """Return the text with a capital; a command keeps its case."""
    return text if text.startswith(("pip ", "nst-onnx ")) else text[:1].upper() + text[1:]


class Cancelled(Exception):  # noqa: N818
    """The user cancelled the painting."""
