"""Runs single jobs of a batch with one opened model, and turns every error into the job's ending."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nst_onnx import picture
from nst_onnx.errors import NstError, OptionError
from nst_onnx.jobs.batch.job import Ending, Job
from nst_onnx.jobs.batch.resume_file import ResumeFile
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.result import Result
from nst_onnx.painting.step import Step

Callback = Callable[[Step], bool]


class JobRunner:
    """Opens the model once and runs any number of jobs. Raises NstError if the model cannot be opened."""

    def __init__(self, settings: BatchSettings) -> None:
        self.settings = settings
        self.stylizer = settings.stylizer()

    def run(self, job: Job, callback: Callback = lambda step: True) -> Ending:
        """Stylize the picture of a job, write it atomically, and return the job's ending.

        `callback` is called after every evaluation; False interrupts the job and keeps its resume file.
        Never raises for a failed job, so that the other jobs can run.
        """
        started = time.monotonic()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                ending = self._run(job, callback)
            except NstError as error:
                ending = Ending(state="failed", error=error)
            except MemoryError:
                short = NstError("there is not enough memory", "choose a smaller size, or fewer at a time")
                ending = Ending(state="failed", error=short)
            except Exception as error:  # a bug must not lose the other pictures
                bug = NstError(f"this is a bug in nst-onnx: {type(error).__name__}: {error}")
                ending = Ending(state="failed", error=bug)
        ours = (warning for warning in caught if warning.category.__module__.startswith("nst_onnx"))
        lines = tuple(dict.fromkeys(str(warning.message) for warning in ours))
        return replace(ending, seconds=time.monotonic() - started, warnings=lines)

    def _run(self, job: Job, callback: Callback) -> Ending:
        output, bits = Path(job.output), self.settings.bits
        picture.check_writable(output, 8 if bits is None else bits)
        resume_file = ResumeFile(output)
        interrupted = False

        def after(step: Step) -> bool:
            nonlocal interrupted
            resume_file.update(step)
            if not callback(step):
                resume_file.save(step)
                interrupted = True
            return not interrupted

        result = self._stylize(job, after, resume_file.load())
        if interrupted:
            return Ending(state="interrupted")
        settings = self.settings
        result.save(output, bits=bits, quality=settings.jpeg_quality, metadata=settings.metadata)
        resume_file.remove()
        height, width = result.array.shape[:2]
        return Ending(state="painted", shape=(height, width), losses=result.losses)

    def _stylize(self, job: Job, after: Callback, checkpoint: Checkpoint | None) -> Result:
        """Return the result, resumed from the checkpoint if it belongs to this job."""
        options = self.settings.options
        if checkpoint is not None:
            try:
                return self.stylizer.stylize(
                    job.content, job.style, callback=after, resume=checkpoint, **options
                )
            except OptionError:  # a checkpoint of another run; any other fault of the options is raised below
                pass
        return self.stylizer.stylize(job.content, job.style, callback=after, **options)
