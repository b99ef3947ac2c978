"""The public functions: `stylize`, and what it opens for one call."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

from nst_onnx.errors import OptionError
from nst_onnx.objective.objective import open_network
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import presets
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.painting.result import Result
from nst_onnx.painting.stylizer import Callback, Stylizer
from nst_onnx.picture import Source

if TYPE_CHECKING:
    from nst_onnx.objective.shards.team import Team
    from nst_onnx.runtime import Device


def stylize(
    content: Source,
    style: Source | Sequence[Source],
    *,
    model: str | os.PathLike[str] | Network = "auto",
    device: str | None = None,
    callback: Callback | None = None,
    resume: Checkpoint | None = None,
    ray: str | None = None,
    workers: int | None = None,
    **options: Unpack[OptionValues],
) -> Result:
    """Paint `content` in the manner of `style` (one picture, or several blended).

    Pictures are paths, Pillow images, arrays (H×W×3/4, uint8, uint16 or float 0..1) or encoded bytes.
    `model` and `device` as in `Stylizer`. `callback(step)` is called after every evaluation; returning
    False stops with the best picture so far. `ray`: the address of a cluster whose workers share a picture
    that is large (see `nst_onnx.jobs.ray.connect`); `workers`: how many, None for as many as suit it.
    `options` are the fields of `nst_onnx.painting.options.Options`: size, strength, style_scale,
    style_weights, preset, preserve_colour, seed, steps, max_seconds, …
    Raises subclasses of NstError.

    >>> nst_onnx.stylize("photo.jpg", "painting.jpg", size=512, strength=0.6).save("out.png")
    """
    if not isinstance(model, Network):
        model = open_network(model, device, presets.find(Options.of(options).preset))
    with hired(ray, workers, model.device) as team:
        stylizer = Stylizer(model, team=team)
        return stylizer.stylize(content, style, callback=callback, resume=resume, **options)


@contextmanager
def hired(ray: str | None, workers: int | None, device: Device) -> Iterator[Team | None]:
    """Yield the workers of a cluster who share large pictures, none where no cluster is given.

    Raises OptionError for workers without a cluster, ClusterError where there are none to be had.
    """
    if ray is not None:
        from nst_onnx.jobs.ray import shard_team

        with shard_team.workers(ray, device=str(device), count=workers) as team:
            yield team
    elif workers is not None:
        raise OptionError("workers are those of a cluster", 'say which: --ray, or ray="auto"')
    else:
        yield None
