"""What has been painted already: outputs appear whole or not at all, so one that is there is finished."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nst_onnx.errors import PictureError
from nst_onnx.jobs.batch.job import Ending, Job
from nst_onnx.jobs.batch.settings import Recipe
from nst_onnx.painting.options import Options
from nst_onnx.picture import read_settings

_BY_QUALITY = ("size", "steps")  # what a quality sets where nothing is given
_ASIDE = ("init", "max_memory")  # stored otherwise, and nothing that can be seen


def finished(job: Job, recipe: Recipe) -> Ending | None:
    """Return the ending of a job whose output is there, None for one that is still to be painted.

    Where the output was made with other options, the ending warns of it.
    """
    output = Path(job.output)
    if not output.is_file():
        return None
    return Ending(state="skipped", warnings=tuple(_otherwise(output, recipe)))


def _otherwise(output: Path, recipe: Recipe) -> list[str]:
    try:
        made = read_settings(output)
    except PictureError:
        made = None
    if made is None:
        return [f"{output} is there already, but does not say that nst-onnx made it"]
    wanted = _as_stored(recipe)
    other = [name for name, value in wanted.items() if made.get(name) != value]
    if not other:
        return []
    name = other[0]
    return [f"{output} is there already, made with {name} {made.get(name)}, not {wanted[name]}"]


def _as_stored(recipe: Recipe) -> dict[str, Any]:
    """Return the options as a picture's settings have them, but for those that are left to the preset."""
    options = Options.of(recipe.options)
    chosen = {name: value for name, value in options.values().items() if name not in _ASIDE}
    skipped = _BY_QUALITY if options.quality else ()
    given = {n: v for n, v in chosen.items() if v is not None and n not in skipped}
    stored: dict[str, Any] = json.loads(json.dumps(given, default=str))
    return stored
