"""The settings that a painting was made with, as they are stored with its layer."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .choices import Choices

NAME = "nst-onnx-settings"
"""Of the parasite (GIMP) or the annotation (Krita) with a record."""


@dataclass(frozen=True)
class PaintingRecord:
    """`settings`: of all controls. `source`: the editor's name for the layer that was painted, or ""."""

    settings: dict[str, object]
    source: str = ""

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
        fitting: dict[str, object] = {
            name: value
            for name, value in settings.items()
            if name in Choices.__annotations__ and isinstance(value, (str, int, float))
        }
        return cls(fitting, source)
