"""Ray actor of a batch: keeps its model open, and returns each painted file as bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from nst_onnx.errors import NstError
from nst_onnx.jobs.batch.job import Ending, Job, Progress
from nst_onnx.jobs.batch.job_runner import JobRunner
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.jobs.ray.payload import write_files
from nst_onnx.jobs.ray.resources import memory_limit
from nst_onnx.jobs.ray.supervisor import Actor
from nst_onnx.painting.step import Step
from nst_onnx.picture import Source


class JobActor(Actor):
    """Runs jobs. `progress` is answered by a second thread while a job runs."""

    def __init__(self, cpus: float) -> None:
        super().__init__(cpus)
        self._folder = tempfile.TemporaryDirectory(prefix="nst-onnx-")
        self._runner: JobRunner | None = None
        self._progress = Progress()

    def open(self, settings: BatchSettings, names: Sequence[str | None], *values: object) -> None:
        """Open the model. Raises NstError.

        `names` and `values`: payloads of the model and, if one is given, of the initial picture.
        """
        model, *init = cast(list[str], write_files(Path(self._folder.name), names, values))
        options = settings.options.copy()
        if init:
            options["init"] = init[0]
        if options.get("max_memory") is None:
            options["max_memory"] = memory_limit(self.cpus)
        self._runner = JobRunner(replace(settings, model=model, options=options))

    def run(self, output: str, names: Sequence[str | None], *values: object) -> tuple[Ending, bytes]:
        """Return the ending of a job, and the bytes of the file called `output`, empty if it failed.

        `names` and `values`: payloads of the content, then of the styles.
        """
        assert self._runner is not None
        self._progress = Progress()
        with tempfile.TemporaryDirectory(prefix="nst-onnx-") as name:
            folder = Path(name)
            content, *styles = cast(list[Source], write_files(folder, names, values))
            path = folder / output
            ending = self._runner.run(Job(content, styles, path), self._callback)
            ending = replace(ending, error=_with_names(ending.error, [content, *styles], names))
            return ending, path.read_bytes() if ending.state == "painted" else b""

    def progress(self) -> Progress:
        """Return the progress of the current job."""
        return self._progress

    def _callback(self, step: Step) -> bool:
        self._progress = Progress(step.iteration, step.iterations)
        return True


def _with_names(
    error: NstError | None, paths: Sequence[object], names: Sequence[str | None]
) -> NstError | None:
    """Return the error with the user's file names in place of the temporary paths."""
    if error is None:
        return None
    message = str(error)
    for path, name in zip(paths, names, strict=True):
        if name is not None:
            message = message.replace(str(path), name)
    return type(error)(message, error.hint)
