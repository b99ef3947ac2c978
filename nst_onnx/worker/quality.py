"""Three levels of quality, for people who want to choose between waiting and beauty only."""

from __future__ import annotations

from typing import Any

from nst_onnx.errors import OptionError

QUALITIES: dict[str, dict[str, int]] = {
    "fast": {"steps": 60, "size": 384},
    "good": {"steps": 150, "size": 640},
    "best": {"steps": 400, "size": 1024},
}
"""Evaluations, and the longest side in pixels (never more than the content has)."""


def options_for(quality: Any, options: dict[str, Any], longest: int) -> dict[str, Any]:
    """Return the options with what a level of quality adds; options that are given stay.

    `longest`: the content's longest side. Raises OptionError for a level that there is not.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if quality is None:
        return given
    if not isinstance(quality, str) or quality not in QUALITIES:
        raise OptionError(f"there is no quality {quality!r}", f"choose one of {', '.join(QUALITIES)}")
    hints = QUALITIES[quality]
    return {"steps": hints["steps"], "size": min(hints["size"], longest), **given}
