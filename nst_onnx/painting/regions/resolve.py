"""Resolving of regions: masks that add up to one at most, their styles, and what stays the photo's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.objective.regions import Region as ResolvedRegion
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.objective_settings import balance
from nst_onnx.painting.options import LossOptions
from nst_onnx.painting.region import BY_COLOUR, REST, Region, parse, word_of
from nst_onnx.painting.regions.automatic import by_colour, by_content, by_labels
from nst_onnx.painting.regions.masks import labelled, read_mask, resized
from nst_onnx.painting.style_pictures import read_styles
from nst_onnx.picture import Picture, Source, read
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

_EMPTY = 0.5
"""Sum of a mask's pixels below which it is empty."""
_STRONGEST = 1e3
"""Factor on a region's style loss, at most."""
_RAMP = 8.0
"""A strength map fades from the photo to the painting over its darkest eighth."""


@dataclass(frozen=True, eq=False)
class Regions:
    """`regions`: with masks at the content's size. `kept`: H×W, 1 where the result is the photo itself."""

    regions: tuple[ResolvedRegion, ...]
    kept: Array | None
    strength_map: str | None = None
    keep: str | None = None

    @property
    def styles(self) -> tuple[Picture, ...]:
        """The style pictures of all regions."""
        return tuple(style for region in self.regions for style in region.styles)


def are_given(options: LossOptions) -> bool:
    """Return whether the options ask for regions of any form."""
    masks = options.keep, options.strength_map, options.style_labels
    return bool(options.regions) or any(mask is not None for mask in masks)


def resolve(
    options: LossOptions,
    content: Picture,
    styles: Sequence[Picture],
    memory: Memory,
    network: Network | None = None,
) -> Regions | None:
    """Return the regions of a content picture; None where the options give none.

    `styles`: of what no region covers; without any, that stays the photo's. `network`: whose features tell
    kinds of content apart. Raises OptionError, PictureError.
    """
    if not are_given(options):
        if options.labels is not None:
            raise OptionError("labels are given, but no regions", "give a region for each colour")
        return None
    found = _found(options, content, styles, memory, network)
    if found is not None:
        return _normalised(found, None, (), options, content, memory)
    regions = () if isinstance(options.regions, str) else options.regions or ()
    given = [parse(one) if isinstance(one, str) else one for one in regions]
    return _normalised(given, options.labels, styles, options, content, memory)


def _found(
    options: LossOptions,
    content: Picture,
    styles: Sequence[Picture],
    memory: Memory,
    network: Network | None,
) -> list[Region] | None:
    """Return regions that are found, not given; None where they are given."""
    word, seed = word_of(options.regions), getattr(options, "seed", 0)
    if options.style_labels is not None:
        if options.labels is None or options.regions:
            raise OptionError("style labels go with labels, and without regions", "give both label maps")
        return by_labels(options.labels, options.style_labels, content, styles, memory)
    if word is None:
        return None
    if not styles or options.labels is not None:
        raise OptionError(f"regions {word} need a style picture, and no labels", "give one")
    if word == BY_COLOUR:
        return by_colour(content, styles, seed)
    if network is None:
        raise OptionError(f"regions {word} are not known here", "give masks")
    return by_content(content, styles, network, seed, memory)


def _normalised(
    given: Sequence[Region],
    labels: Source | None,
    styles: Sequence[Picture],
    options: LossOptions,
    content: Picture,
    memory: Memory,
) -> Regions:
    """Return regions whose masks add up to 1 at most, the styles' own being what the others leave."""
    masks, other = _masks(given, labels, content, memory)
    total = np.sum([mask for mask in masks if mask is not None], axis=0, dtype=np.float32)
    total = np.broadcast_to(np.asarray(total, np.float32), content.shape)
    rest = np.clip(1 - total, 0, 1)
    regions = [one for one in given if not one.is_rest]
    divisor = np.maximum(total, np.float32(1))
    weights: list[Array] = [np.divide(mask, divisor) for mask in masks if mask is not None]
    last = [one for one in given if one.is_rest]
    if len(last) > 1:
        raise OptionError("rest is given twice", "several styles in one region blend")
    if last and styles:
        raise OptionError("both a style and a region rest are given", "leave one of them out")
    if other is not None and not last and not styles:
        raise OptionError(
            f"the label map has {other}, which no region names", f"add a region {other}, or rest"
        )
    if last or styles:
        regions += last or [Region(REST, list(styles), style_weights=_tuple(options.style_weights))]
        weights.append(rest)
    if not regions:
        raise OptionError("no style picture given", "give at least one")
    photo, keep, strength_map = _photo(options, content, memory)
    resolved = [
        _resolved(region, weight if photo is None else weight * photo, name, options, content, memory)
        for region, weight, name in zip(regions, weights, _names(regions), strict=True)
    ]
    used = tuple(one for one in resolved if one is not None)
    if not used:
        raise OptionError("nothing is left to paint", "the masks leave no pixel to any style")
    kept = None if photo is None else (1 - np.clip(_RAMP * photo, 0, 1)).astype(np.float32)
    return Regions(used, kept, strength_map, keep)


def _masks(
    given: Sequence[Region], labels: Source | None, content: Picture, memory: Memory
) -> tuple[list[Array | None], str | None]:
    """Return each region's mask, None for the rest, and a label that no region names."""
    colours = [one.colour for one in given if one.colour is not None]
    if colours and labels is None:
        raise OptionError(f"{colours[0]} is the colour of a label, but there are no labels", "give labels")
    if len(set(colours)) < len(colours):
        raise OptionError("two regions have the same colour", "several styles in one region blend")
    of_labels: dict[str, Array] = {}
    other = None
    if labels is not None:
        of_labels, other = labelled(labels, colours, content.shape, memory)
    masks: list[Array | None] = []
    for one in given:
        if one.is_rest:
            masks.append(None)
        elif one.colour is not None:
            masks.append(of_labels[one.colour])
        else:
            mask = read_mask(one.mask, content.shape, memory)
            if mask.sum(dtype=np.float64) < _EMPTY:
                raise PictureError(f"the mask {name_of(one.mask)} is black: its region is empty")
            masks.append(mask)
    return masks, other


def _resolved(
    region: Region, mask: Array, name: str, options: LossOptions, content: Picture, memory: Memory
) -> ResolvedRegion | None:
    """Return a region as the objective takes it; None where nothing is left of it."""
    if mask.sum(dtype=np.float64) < _EMPTY:
        return None
    styles = read_styles(region.style, replace(options, style_weights=region.style_weights), memory)
    if region.style_mask is not None:
        styles = [masked(style, region.style_mask, memory) for style in styles]
    return ResolvedRegion(
        name=name,
        mask=np.ascontiguousarray(mask, np.float32),
        styles=styles,
        style_weights=_tuple(region.style_weights),
        style_scale=region.style_scale,
        factor=_factor(region, options.strength),
    )


def masked(style: Picture, mask: Source, memory: Memory) -> Picture:
    """Return a style picture of which only a part counts: the rest is as if transparent.

    Raises PictureError where the mask has other proportions, or leaves nothing.
    """
    weights = read_mask(mask, style.shape, memory, what="style mask")
    alpha = weights if style.alpha is None else weights * style.alpha
    if alpha.sum(dtype=np.float64) < _EMPTY:
        raise PictureError(f"the style mask {name_of(mask)} leaves nothing of {style.name}")
    return replace(style, alpha=np.ascontiguousarray(alpha, np.float32))


def _factor(region: Region, strength: float) -> float:
    """Return the factor on the style loss that a strength of its own means: contents weigh the same."""
    if region.strength is None or region.strength == strength:
        return 1.0
    if strength == 1:
        raise OptionError("regions have strengths of their own only beside a strength below 1")
    return min(balance(strength) / max(balance(region.strength), 1e-9), _STRONGEST)


def _photo(
    options: LossOptions, content: Picture, memory: Memory
) -> tuple[Array | None, str | None, str | None]:
    """Return how much style there may be in each pixel, and the names of the masks that say so."""
    photo, keep, strength_map = None, None, None
    if options.keep is not None:
        keep = name_of(options.keep)
        photo = 1 - read_mask(options.keep, content.shape, memory)
    if options.strength_map is not None:
        strength_map = name_of(options.strength_map)
        picture = read(options.strength_map, what="strength map", memory=memory)
        levels = resized(np.ascontiguousarray(picture.rgb.mean(2)), content.shape, picture.name)
        photo = levels if photo is None else photo * levels
    return photo, keep, strength_map


def name_of(source: Source) -> str:
    """Return the name of a picture, for messages and settings."""
    if isinstance(source, Picture):
        return source.name
    return Path(source).name if isinstance(source, str | Path) else type(source).__name__


def _names(regions: Sequence[Region]) -> list[str]:
    """Return a name for each region: its mask's file, its colour, or rest; numbered where it is taken."""
    found: list[str] = []
    for region in regions:
        base = region.colour or Path(name_of(region.mask)).stem.replace("/", "_").replace("@", "_")
        name, number = base, 2
        while name in found:
            name, number = f"{base}-{number}", number + 1
        found.append(name)
    return found


def _tuple(weights: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if weights is None else tuple(map(float, weights))
