"""The settings that a painting was made with, as they are stored with its layer."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from .choices import COLOURS, LARGEST_SEED, QUALITIES, Choices

NAME = "nst-onnx-settings"
"""Of the parasite (GIMP) or the annotation (Krita) with a record."""
_NAMES: Mapping[str, tuple[tuple[str, str], ...]] = {"quality": QUALITIES, "keep-colours": COLOURS}
_STYLES = ("style", "second-style")
_OF_REGIONS = {"regions": str, "region-layers": bool}
"""Controls beside `Choices`, where an editor has them: the editor's own text, which it checks."""
_LARGEST_NUMBER = 2**32 - 1  # of a layer in GIMP


@dataclass(frozen=True)
class PaintingRecord:
    """`settings`: of all controls. `source`: the editor's name for the layer that was painted, or ""."""

    settings: dict[str, object]
    source: str = ""

    @property
    def source_number(self) -> int | None:
        """The source as GIMP's number of a layer; None where it is none."""
        digits = self.source
        if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(_LARGEST_NUMBER))):
            return None
        number = int(digits)
        return number if number <= _LARGEST_NUMBER else None

    @property
    def settings_here(self) -> dict[str, object]:
        """The settings without the styles whose files are not on this computer."""
        return {
            name: value
            for name, value in self.settings.items()
            if name not in _STYLES or not value or os.path.isfile(str(value))  # noqa: PTH113 - never raises
        }

    @property
    def choices_here(self) -> dict[str, object]:
        """The same, of `Choices` alone, without the regions."""
        return {name: value for name, value in self.settings_here.items() if name in Choices.__annotations__}

    def encoded(self) -> bytes:
        """Return the record as bytes."""
        return json.dumps({"settings": self.settings, "source": self.source}).encode()

    @classmethod
    def decoded(cls, data: bytes) -> PaintingRecord | None:
        """Return the record of such bytes; None for any others, for files come from anywhere."""
        try:
            facts = json.loads(data.decode("utf-8"))
            settings, source = facts["settings"], facts["source"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        if not isinstance(settings, dict) or not isinstance(source, str):
            return None
        return cls({name: value for name, value in settings.items() if _fits(name, value)}, source)


def _fits(name: str, value: object) -> bool:
    """Return whether a control takes a value."""
    kind = Choices.__annotations__.get(name, _OF_REGIONS.get(name))
    if name in _NAMES:
        return value in [known for known, _ in _NAMES[name]]
    if kind is str:
        return isinstance(value, str) and "\0" not in value
    if isinstance(value, bool):
        return kind is bool
    if kind is int:
        return isinstance(value, int) and 0 <= value <= LARGEST_SEED
    return kind is float and isinstance(value, (int, float)) and abs(value) <= LARGEST_SEED
