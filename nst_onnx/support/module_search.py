"""What a doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was found of one thing. Only "broken" means that it cannot work."""

    name: str
    state: Literal["good", "missing", "warning", "broken"]
    text: str
