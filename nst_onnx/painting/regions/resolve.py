"""Resolving of regions: masks that add up to one at most, strengths, and what stays the photo's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nst_onnx.errors import OptionError
from nst_onnx.objective.regions import Region as ResolvedRegion
from nst_onnx.objective.regions import style_weights
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.objective_settings import balance
from nst_onnx.painting.options import LossOptions
from nst_onnx.painting.region import BY_COLOUR, REST, parse, word_of
from nst_onnx.painting.regions.automatic import by_colour, by_content, by_labels
from nst_onnx.painting.regions.given import EMPTY, parts
from nst_onnx.painting.regions.masks import read_mask, resized
from nst_onnx.painting.regions.part import Part
from nst_onnx.picture import Picture, read
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

_STRONGEST = 1e3
"""Factor on a region's style loss, at most."""
_RAMP = 8.0
"""A strength map fades from the photo to the painting over its darkest eighth."""


class NothingToPaintError(OptionError):
    """The masks leave no pixel to any style."""


@dataclass(frozen=True, eq=False)
class Regions:
    """`regions`: with masks at the painting's size. `kept`: H×W, 1 where the result is the photo itself."""

    regions: tuple[ResolvedRegion, ...]
    kept: Array | None

    @property
    def styles(self) -> tuple[Picture, ...]:
        """The style pictures of all regions."""
        return tuple(style for region in self.regions for style in region.styles)

    @property
    def style_weights(self) -> tuple[float, ...]:
        """How much each of them counts in the whole picture."""
        shares = {region.name: float(region.mask.mean(dtype=np.float64)) for region in self.regions}
        return style_weights(self.regions, shares)


def are_given(options: LossOptions) -> bool:
    """Return whether the options ask for regions of any form."""
    masks = options.keep, options.strength_map, options.labels, options.style_labels
    return bool(options.regions) or any(mask is not None for mask in masks)


def resolve(
    options: LossOptions,
    content: Picture,
    styles: Sequence[Picture],
    memory: Memory,
    shape: tuple[int, int],
    network: Network | None = None,
) -> Regions | None:
    """Return the regions of a content picture; None where the options give none.

    `styles`: of what no region covers; without any, that stays the photo's. `shape`: (H, W) of the painting.
    `network`: whose features tell kinds of content apart. Raises OptionError, PictureError.
    """
    if not are_given(options):
        return None
    found = _found(options, content, styles, memory, shape, network)
    if found is None:
        found = _with_the_rest(options, styles, memory, shape)
    if not found:
        raise OptionError("no style picture given", "give at least one")
    return _normalised(found, options, shape, memory)


def _found(
    options: LossOptions,
    content: Picture,
    styles: Sequence[Picture],
    memory: Memory,
    shape: tuple[int, int],
    network: Network | None,
) -> list[Part] | None:
    """Return regions that are found, not given; None where they are given."""
    word, seed = word_of(options.regions), getattr(options, "seed", 0)
    weights = _tuple(options.style_weights) or (1.0,) * len(styles)
    if options.style_labels is not None:
        if options.labels is None or options.regions:
            raise OptionError("style labels go with labels, and without regions", "give both label maps")
        return by_labels(options.labels, options.style_labels, shape, styles, memory)
    if word is None:
        return None
    if not styles or options.labels is not None:
        raise OptionError(f"regions {word} need a style picture, and no labels", "give one")
    if word == BY_COLOUR:
        return by_colour(content, styles, weights, shape, seed)
    if network is None:
        raise OptionError(f"regions {word} are not known here", "give masks")
    return by_content(content, styles, weights, shape, seed, network, memory)


def _with_the_rest(
    options: LossOptions, styles: Sequence[Picture], memory: Memory, shape: tuple[int, int]
) -> list[Part]:
    """Return the regions given, the main styles being those of what no region covers."""
    regions = () if isinstance(options.regions, str) else options.regions or ()
    given = [parse(one) if isinstance(one, str) else one for one in regions]
    if options.labels is not None and not given:
        raise OptionError("labels are given, but no regions", "give a region for each colour")
    found, other = parts(given, options, shape, memory)
    has_rest = any(part.mask is None for part in found)
    if has_rest and styles:
        raise OptionError("both a style and a region rest are given", "leave one of them out")
    if other is not None and not has_rest and not styles:
        raise OptionError(
            f"the label map has {other}, which no region names", f"add a region {other}, or rest"
        )
    if styles:
        weights = _tuple(options.style_weights)
        found.append(Part(name=REST, mask=None, styles=list(styles), style_weights=weights))
    return found


def _normalised(
    found: Sequence[Part], options: LossOptions, shape: tuple[int, int], memory: Memory
) -> Regions:
    """Return regions whose masks add up to 1 at most; overlaps share."""
    total = np.zeros(shape, np.float32)
    for part in found:
        if part.mask is not None:
            total += part.mask
    has_rest = any(part.mask is None for part in found)
    painted, kept = _painted(options, shape, memory)
    if not has_rest and float(total.min()) < 1:
        uncovered = np.clip(1 - total, 0, 1)
        kept = uncovered if kept is None else np.maximum(kept, uncovered)
    resolved = []
    for part in found:
        mask = np.clip(1 - total, 0, 1) if part.mask is None else part.mask / np.maximum(total, 1)
        if painted is not None:
            mask *= painted
        if mask.sum(dtype=np.float64) >= EMPTY:
            weights = memory.empty(shape)
            weights[...] = mask
            resolved.append(_resolved(part, weights, options.strength))
    if not resolved:
        raise NothingToPaintError("nothing is left to paint", "the masks leave no pixel to any style")
    return Regions(tuple(resolved), kept)


def _resolved(part: Part, mask: Array, strength: float) -> ResolvedRegion:
    return ResolvedRegion(
        name=part.name,
        mask=mask,
        styles=part.styles,
        style_weights=part.style_weights,
        style_scale=part.style_scale,
        factor=_factor(part.strength, strength),
    )


def _factor(own: float | None, strength: float) -> float:
    """Return the factor on the style loss that a strength of its own means: contents weigh the same."""
    if own is None or own == strength:
        return 1.0
    if strength == 1:
        raise OptionError("regions have strengths of their own only beside a strength below 1")
    return min(balance(strength) / max(balance(own), 1e-9), _STRONGEST)


def _painted(
    options: LossOptions, shape: tuple[int, int], memory: Memory
) -> tuple[Array | None, Array | None]:
    """Return how much style there may be in each pixel, and how much of it stays the photo; None for all."""
    painted, kept = None, None
    if options.keep is not None:
        kept = read_mask(options.keep, shape, memory)
        painted = 1 - kept
    if options.strength_map is not None:
        picture = read(options.strength_map, what="strength map", memory=memory)
        levels = resized(np.ascontiguousarray(picture.rgb.mean(2)), shape, picture.name)
        painted = levels if painted is None else painted * levels
        photo = (1 - np.clip(_RAMP * levels, 0, 1)).astype(np.float32)
        kept = photo if kept is None else np.maximum(kept, photo)
    return painted, kept


def _tuple(weights: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if weights is None else tuple(map(float, weights))
