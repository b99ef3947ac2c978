"""Text syntax of option values: sizes, lists of names, numbers and whole numbers, and layers with weights."""

from __future__ import annotations

import math
import re
from typing import Literal

from nst_onnx.errors import OptionError

FULL: Literal["full"] = "full"
"""The size of the content itself."""


def size(text: str) -> int | tuple[int, int] | Literal["full"]:
    """Return the longest side from ``512``, (width, height) from ``400x300``, or "full".

    Raises OptionError.
    """
    if text.strip().lower() == FULL:
        return FULL
    match = re.fullmatch(r"\s*(-?\d+)\s*(?:[x×X]\s*(-?\d+))?\s*", text)
    if not match:
        raise OptionError(f"{text!r} is no size", "write 512 for the longest side, 400x300, or full")
    return int(match[1]) if match[2] is None else (int(match[1]), int(match[2]))


def names(text: str) -> list[str]:
    """Return the parts of a list such as ``a,b``. Raises OptionError for an empty part."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise OptionError(f"the list {text!r} has an empty place", "separate with single commas, as in a,b")
    return parts


def numbers(text: str) -> list[float]:
    """Return the numbers of a list such as ``2,0.5``. Raises OptionError."""
    return [number(part) for part in names(text)]


def whole_numbers(text: str) -> list[int]:
    """Return the whole numbers of a list such as ``100,200``. Raises OptionError."""
    try:
        return [int(part) for part in names(text)]
    except ValueError:
        raise OptionError(f"{text!r} must be whole numbers", "as in 100,200") from None


def layers(text: str) -> list[str] | dict[str, float]:
    """Return names from ``conv1_1,conv2_1``, or {name: weight} from ``conv1_1=1,conv2_1=0.5``.

    Where only some have a weight, the others have 1. Raises OptionError.
    """
    parts = [part.rpartition("=") if "=" in part else (part, "", "1") for part in names(text)]
    found = [name for name, _, _ in parts]
    if not all(found):
        raise OptionError(f"{text!r} gives a weight to no layer", "write NAME=WEIGHT")
    if len(set(found)) < len(found):
        raise OptionError(f"{text!r} names a layer twice")
    if "=" not in text:
        return found
    return {name: number(weight) for name, _, weight in parts}


def three(text: str) -> tuple[float, float, float]:
    """Return three numbers from ``103.9,116.8,123.7``, or from one number that serves for all three."""
    found = numbers(text)
    if len(found) not in (1, 3):
        raise OptionError(f"{text!r} needs one number or three", "as in 103.9,116.8,123.7")
    a, b, c = found * 3 if len(found) == 1 else found
    return a, b, c


def number(text: str) -> float:
    """Return a finite number. Raises OptionError."""
    try:
        found = float(text)
    except ValueError:
        raise OptionError(f"{text!r} is not a number") from None
    if not math.isfinite(found):
        raise OptionError(f"{text!r} is not a finite number")
    return found
