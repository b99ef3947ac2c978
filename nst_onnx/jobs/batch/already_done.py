"""Skips jobs whose output exists (writes are atomic), warning if it was made with other settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nst_onnx.errors import PictureError
from nst_onnx.jobs.batch.job import Ending, Job
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.painting.options import Options
from nst_onnx.painting.region import REST, Region, parse, word_of
from nst_onnx.painting.region_options import MASKS
from nst_onnx.painting.regions.given import name_of, names
from nst_onnx.painting.style_pictures import style_list
from nst_onnx.picture import read_settings
from nst_onnx.support.json_types import JsonObject

if TYPE_CHECKING:
    from nst_onnx.picture import Source

_SET_BY_QUALITY = ("size", "steps")
_NOT_COMPARED = ("init", "regions", "max_memory")  # stored in another form, or without effect


def skipped(job: Job, settings: BatchSettings) -> Ending | None:
    """Return the ending "skipped" if the output of a job exists, else None.

    It has a warning if the output was made with other options.
    """
    output = Path(job.output)
    if not output.is_file():
        return None
    return Ending(state="skipped", warnings=tuple(_differences(output, settings)))


def _differences(output: Path, settings: BatchSettings) -> list[str]:
    try:
        stored = read_settings(output)
    except PictureError:
        stored = None
    if stored is None:
        return [f"{output} is there already, but does not say that nst-onnx made it"]
    expected = _as_stored(settings) | _regions(settings)
    stored["regions"] = _stored_regions(stored, Options.of(settings.options))
    different = [name for name, value in expected.items() if stored.get(name) != value]
    if not different:
        return []
    name = different[0]
    return [f"{output} is there already, made with {name} {stored.get(name)}, not {expected[name]}"]


def _regions(settings: BatchSettings) -> dict[str, object]:
    """Return {"regions": the regions given, NAME=STYLES of each}."""
    options = Options.of(settings.options)
    word = word_of(options.regions)
    if word is not None or isinstance(options.regions, str):
        return {"regions": [str(word)]}
    given = [_parsed(one) for one in options.regions or ()]
    styles = [[name_of(style) for style in style_list(one.style)] for one in given]
    return {"regions": [_shown(name, of) for name, of in zip(names(given), styles, strict=True)]}


def _stored_regions(stored: JsonObject, options: Options) -> list[str]:
    """Return the regions of a picture's settings in that form, less what no given region covers."""
    found = cast("list[JsonObject]", stored.get("regions") or [])
    if word := word_of(options.regions):
        of_word = all(str(one["name"]).startswith(f"{word}-") for one in found)
        return [word] if found and of_word else [str(one["name"]) for one in found]
    named_rest = any(one.is_rest for one in map(_parsed, options.regions or ()))
    return [
        _shown(str(one["name"]), cast("list[str]", one["styles"]))
        for one in found
        if named_rest or one["name"] != REST
    ]


def _parsed(region: Region | str) -> Region:
    return parse(region) if isinstance(region, str) else region


def _shown(name: str, styles: list[str]) -> str:
    return f"{name}={'+'.join(styles)}"


def _as_stored(settings: BatchSettings) -> dict[str, object]:
    """Return the options in the form of a picture's stored settings, without those left to the preset."""
    options = Options.of(settings.options)
    chosen = {name: value for name, value in options.values().items() if name not in _NOT_COMPARED}
    omitted = _SET_BY_QUALITY if options.quality else ()
    given = {
        name: name_of(cast("Source", value)) if name in MASKS else value
        for name, value in chosen.items()
        if value is not None and name not in omitted
    }
    stored: dict[str, object] = json.loads(json.dumps(given, default=str))
    return stored
