"""A worker of the cluster: paints with its network kept warm, and gives back the bytes of the file."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nst_onnx.errors import ClusterError, NstError
from nst_onnx.jobs.batch.job import Ending, Job, Progress
from nst_onnx.jobs.batch.paint_one import Painter
from nst_onnx.jobs.batch.settings import Recipe
from nst_onnx.jobs.ray.payload import unpack
from nst_onnx.jobs.ray.resources import memory
from nst_onnx.painting.stylizer import Step
from nst_onnx.version import __version__


class RemotePainter:
    """An actor of Ray. While it paints, another thread answers how it goes on.

    `recipe`: how all is painted, but for the model and the picture to start from (if one is given), which
    are `values` of files with `names`. `cpus`: how many it may use, which is also its share of the memory.
    """

    def __init__(self, recipe: Recipe, cpus: float, names: Sequence[str | None], *values: Any) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nst-onnx-")
        model, *init = unpack(Path(self._folder.name), names, values)
        options = recipe.options.copy()
        if init:
            options["init"] = init[0]
        if options.get("max_memory") is None:
            options["max_memory"] = memory(cpus)
        self._recipe = replace(recipe, model=model, options=options)
        self._painter: Painter | None = None
        self._progress = Progress()

    def open(self, version: str) -> NstError | None:
        """Open the model; return what prevents it. `version`: of nst-onnx where the work comes from."""
        if version != __version__:
            return ClusterError(
                f"{socket.gethostname()} has nst-onnx {__version__}, not {version}",
                "install the same version everywhere",
            )
        try:
            self._painter = Painter(self._recipe)
        except NstError as error:
            return error
        return None

    def paint(self, output: str, names: Sequence[str | None], *values: Any) -> tuple[Ending, bytes]:
        """Return the ending and the bytes of a file called `output`, none where it failed.

        `names` and `values`: of the content, then of the styles; None for what is no file.
        """
        assert self._painter is not None
        self._progress = Progress()
        with tempfile.TemporaryDirectory(prefix="nst-onnx-") as name:
            folder = Path(name)
            content, *styles = unpack(folder, names, values)
            path = folder / output
            ending = self._painter.paint(Job(content, styles, path), self._follow)
            ending = replace(ending, error=_renamed(ending.error, [content, *styles], names))
            return ending, path.read_bytes() if ending.state == "painted" else b""

    def progress(self) -> Progress:
        """Return where the picture at hand stands."""
        return self._progress

    def _follow(self, step: Step) -> bool:
        self._progress = Progress(step.iteration, step.iterations)
        return True


def _renamed(error: NstError | None, here: Sequence[Any], there: Sequence[str | None]) -> NstError | None:
    """Return the error with the files' own names for those that they have here."""
    if error is None:
        return None
    message = str(error)
    for path, name in zip(here, there, strict=True):
        if name is not None:
            message = message.replace(path, name)
    return type(error)(message, error.hint)
