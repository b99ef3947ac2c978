"""Regions that are given with masks or labels: masks and styles are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.painting.options import LossOptions
from nst_onnx.painting.region import Region
from nst_onnx.painting.regions.masks import labelled, read_mask
from nst_onnx.painting.regions.part import Part, with_weights
from nst_onnx.painting.style_pictures import read_styles
from nst_onnx.picture import Picture, Source
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

EMPTY = 0.5
"""Sum of a mask's pixels below which it is empty."""


def parts(
    regions: Sequence[Region], options: LossOptions, shape: tuple[int, int], memory: Memory
) -> tuple[list[Part], str | None]:
    """Return the regions with what they name, and a label that none names, if any.

    Raises OptionError, PictureError.
    """
    colours = [one.colour for one in regions if one.colour is not None]
    if colours and options.labels is None:
        raise OptionError(f"{colours[0]} is the colour of a label, but there are no labels", "give labels")
    if len(set(colours)) < len(colours):
        raise OptionError("two regions have the same colour", "several styles in one region blend")
    if sum(one.is_rest for one in regions) > 1:
        raise OptionError("rest is given twice", "several styles in one region blend")
    of_labels: dict[str, Array] = {}
    other = None
    if options.labels is not None:
        of_labels, other = labelled(options.labels, colours, shape, memory)
    found = []
    for region, name in zip(regions, names(regions), strict=True):
        mask = None
        if region.colour is not None:
            mask = of_labels[region.colour]
        elif not region.is_rest:
            mask = read_mask(region.mask, shape, memory)
            if mask.sum(dtype=np.float64) < EMPTY:
                raise PictureError(f"the mask {name_of(region.mask)} is black: its region is empty")
        found.append(_part(region, name, mask, options, memory))
    return found, other


def _part(region: Region, name: str, mask: Array | None, options: LossOptions, memory: Memory) -> Part:
    of_region = replace(options, style_weights=region.style_weights, style_mask=region.style_mask)
    styles = read_styles(region.style, of_region, memory)
    if region.style_mask is not None:
        styles = [masked(style, region.style_mask, memory) for style in styles]
    return Part(
        name=name,
        mask=mask,
        styles=styles,
        style_weights=None if region.style_weights is None else tuple(region.style_weights),
        strength=region.strength,
        style_scale=region.style_scale,
    )


def masked(style: Picture, mask: Source, memory: Memory) -> Picture:
    """Return a style picture of which only a part counts: the rest is as if transparent.

    Raises PictureError where the mask has other proportions, or leaves nothing.
    """
    found = with_weights(style, read_mask(mask, style.shape, memory, what="style mask"))
    assert found.alpha is not None
    if found.alpha.sum(dtype=np.float64) < EMPTY:
        raise PictureError(f"the style mask {name_of(mask)} leaves nothing of {style.name}")
    return found


def name_of(source: Source) -> str:
    """Return the name of a picture, for messages and settings."""
    if isinstance(source, Picture):
        return source.name
    return Path(source).name if isinstance(source, str | Path) else type(source).__name__


def names(regions: Sequence[Region]) -> list[str]:
    """Return a name for each region: its mask's file, its colour, or rest; numbered where it is taken."""
    found: list[str] = []
    for region in regions:
        base = region.colour or Path(name_of(region.mask)).stem.replace("/", "_").replace("@", "_")
        name, number = base, 2
        while name in found:
            name, number = f"{base}-{number}", number + 1
        found.append(name)
    return found
