"""Skips jobs whose output exists (writes are atomic), warning if it was made with other settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nst_onnx.errors import PictureError
from nst_onnx.jobs.batch.job import Ending, Job
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.painting.options import Options
from nst_onnx.painting.region_options import MASKS
from nst_onnx.painting.regions.given import name_of
from nst_onnx.picture import read_settings

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
    expected = _as_stored(settings)
    different = [name for name, value in expected.items() if stored.get(name) != value]
    if not different:
        return []
    name = different[0]
    return [f"{output} is there already, made with {name} {stored.get(name)}, not {expected[name]}"]


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
