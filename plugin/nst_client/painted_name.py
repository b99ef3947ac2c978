"""Names of painted layers: the style, its strength, the layer. The style first: a narrow list cuts names."""

from __future__ import annotations

from pathlib import Path

from .style_shelf import name_of
from .translation import _


def painted_name(name: str, styles: list[str], strength: float) -> str:
    """Return the name of the painting of a layer called `name`, painted like the files `styles`."""
    like = " + ".join(name_of(Path(style)) for style in styles)
    return _("{style}, strength {strength} ({name})").format(
        name=name, style=like, strength=f"{strength:.2f}".rstrip("0").rstrip(".")
    )
