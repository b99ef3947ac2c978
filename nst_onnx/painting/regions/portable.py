"""Options whose pictures can be sent to other processes, or to machines that lack the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from nst_onnx.painting.options import LossOptions, OptionValues
from nst_onnx.painting.region import Region, parse, word_of
from nst_onnx.painting.region_options import MASKS
from nst_onnx.painting.style_pictures import style_list
from nst_onnx.picture import Source, detached, read


def portable(options: OptionValues, *, embedded: bool = False) -> OptionValues:
    """Return options in which all masks and styles of regions can be pickled and read again.

    `embedded`: whether files are read, because they are not where the options go. Raises PictureError.
    """
    take: Callable[[Source], Source] = read if embedded else detached
    found = options.copy()
    masks: dict[str, Source] = {}
    for name in MASKS:
        source = cast("Source | None", options.get(name))
        if source is not None:
            masks[name] = take(source)
    regions = options.get("regions")
    if isinstance(regions, list | tuple) and not word_of(regions):
        found["regions"] = [_portable(one, take) for one in regions]
    return cast(OptionValues, {**found, **masks})


Some = TypeVar("Some", bound=LossOptions)


def embedded(options: Some) -> Some:
    """Return options with all masks and styles of regions read. Raises PictureError."""
    given: dict[str, object] = {name: getattr(options, name) for name in ("regions", *MASKS)}
    read_ones: Mapping[str, Any] = portable(cast(OptionValues, given), embedded=True)
    return replace(options, **read_ones)


def _portable(given: Region | str, take: Callable[[Source], Source]) -> Region:
    region = parse(given) if isinstance(given, str) else given
    is_word = region.is_rest or region.colour is not None
    return replace(
        region,
        mask=region.mask if is_word else take(region.mask),
        style=[take(one) for one in style_list(region.style)],
        style_mask=None if region.style_mask is None else take(region.style_mask),
    )
