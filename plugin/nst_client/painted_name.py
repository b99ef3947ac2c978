"""Names of painted layers: the layer's own, with the style and its strength."""

from __future__ import annotations

from pathlib import Path

from .style_shelf import name_of
from .translation import _


def painted_name(name: str, styles: list[str], strength: float) -> str:
    """Return the name of the painting of a layer called `name`, painted like the files `styles`."""
    like = " + ".join(name_of(Path(style)) for style in styles)
    return _("{name} ({style}, strength {strength})").format(
        name=name, style=like, strength=f"{strength:.2f}".rstrip("0").rstrip(".")
    )
