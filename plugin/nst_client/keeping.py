"""What *Stop and keep* keeps, in words for its button."""

from __future__ import annotations

from .translation import _


def keep_label(longest: int, whole: int) -> str:
    """Return the label, where the picture so far has `longest` of `whole` pixels on its longest side."""
    if longest >= whole:
        return _("Keep this picture (every pixel)")
    return _("Keep this picture ({longest} of {whole} pixels so far)").format(longest=longest, whole=whole)
