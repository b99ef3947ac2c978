"""A region as a user gives it, in Python or as a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nst_onnx.errors import OptionError
from nst_onnx.support.arguments import shown

if TYPE_CHECKING:
    from nst_onnx.picture import Source

BY_COLOUR, BY_CONTENT = "colour", "auto"
"""Regions without masks: by the paintings' palette, or by the content of photo and paintings."""
REST = "rest"
"""The mask of what no other region covers."""
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_HINT = "write MASK=STYLE, as in sky.png=clouds.jpg,strength=0.7,scale=0.5"
_NUMBERS = {"strength": "strength", "scale": "style_scale"}


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the picture with styles of its own.

    `mask`: a picture of any size, white where the region is (grey at soft edges), or whose alpha channel
    says so; "rest" for what no other region covers; or a colour such as "#3366ff" of the option `labels`.
    `style`: one picture, or several. `strength` and `style_scale`: as the options of these names, None for
    their values. `style_mask`: which part of the style counts, a picture of its proportions.
    """

    mask: Source
    style: Source | Iterable[Source]
    strength: float | None = None
    style_scale: float | None = None
    style_weights: Sequence[float] | None = None
    style_mask: Source | None = None

    def __post_init__(self) -> None:
        """Take numpy's numbers as Python's, and an iterator as a list."""
        for name in ("strength", "style_scale"):
            value = getattr(self, name)
            object.__setattr__(self, name, value.item() if hasattr(value, "item") else value)
        if self.style_weights is not None:
            object.__setattr__(self, "style_weights", tuple(float(one) for one in self.style_weights))
        if isinstance(self.style, Iterator) and not hasattr(self.style, "read"):
            object.__setattr__(self, "style", list(self.style))

    @property
    def colour(self) -> str | None:
        """The colour of a label in lower case, None where the mask is none."""
        found = isinstance(self.mask, str) and _COLOUR.fullmatch(self.mask)
        return str(self.mask).lower() if found else None

    @property
    def is_rest(self) -> bool:
        """Whether it is what no other region covers."""
        return isinstance(self.mask, str) and self.mask == REST


def parse(text: str) -> Region:
    """Return the region that ``MASK=STYLE[,strength=S][,scale=S][,style-mask=FILE]`` means.

    Raises OptionError where the text has another form.
    """
    mask, equals, rest = text.partition("=")
    style, *settings = rest.split(",")
    if not (equals and mask and style):
        raise OptionError(f"a region cannot be {shown(text)}", _HINT)
    numbers: dict[str, float] = {}
    style_mask: str | None = None
    for setting in settings:
        name, _, value = setting.partition("=")
        name = name.strip().replace("_", "-")
        if name == "style-mask" and value:
            style_mask = value
        elif name in _NUMBERS:
            numbers[_NUMBERS[name]] = _number(name, value)
        else:
            raise OptionError(f"a region has no setting {shown(setting)}", _HINT)
    strength, scale = (numbers.get(name) for name in ("strength", "style_scale"))
    return Region(mask, style, strength, scale, style_mask=style_mask)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OptionError(f"a region's {name} must be a number, not {shown(text)}", _HINT) from None


def word_of(regions: object) -> str | None:
    """Return BY_COLOUR or BY_CONTENT where regions are found so, else None."""
    if not isinstance(regions, str | list | tuple):
        return None
    given = [regions] if isinstance(regions, str) else list(regions)
    word = given[0] if len(given) == 1 else None
    return word if isinstance(word, str) and word in (BY_COLOUR, BY_CONTENT) else None


def files_of(regions: str | Iterable[Region | str]) -> list[str]:
    """Return the names of the files that regions name."""
    found: list[str] = []
    for one in () if word_of(regions) else regions:
        region = parse(one) if isinstance(one, str) else one
        if region.colour is None and not region.is_rest and isinstance(region.mask, str):
            found.append(region.mask)
        styles = region.style if isinstance(region.style, list | tuple) else [region.style]
        found += [source for source in (*styles, region.style_mask) if isinstance(source, str)]
    return found
