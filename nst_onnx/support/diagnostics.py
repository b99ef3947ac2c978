"""Results of the installation checks of ``nst-onnx doctor`` and of the editors' plug-ins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """The result of one check. Only "broken" means that something cannot work."""

    name: str
    state: Literal["good", "missing", "warning", "broken"]
    text: str
