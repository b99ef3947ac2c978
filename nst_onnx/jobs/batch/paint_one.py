"""Painting the pictures of a batch one after the other, with one warm stylizer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nst_onnx import picture
from nst_onnx.errors import NstError, OptionError
from nst_onnx.jobs.batch.job import Ending, Job
from nst_onnx.jobs.batch.resume_file import Kept
from nst_onnx.jobs.batch.settings import Recipe
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.result import Result
from nst_onnx.painting.stylizer import Step

Follow = Callable[[Step], bool]


class Painter:
    """Opens the model once. Raises NstError where that cannot be done."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.stylizer = recipe.stylizer()

    def paint(self, job: Job, follow: Follow = lambda step: True) -> Ending:
        """Paint one picture, write it whole or not at all, and return what came of it.

        `follow` is called after every evaluation; False interrupts, with all kept that is needed to go on.
        Whatever is wrong with a picture is in what is returned, so that others can be painted after it.
        """
        begun = time.monotonic()
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                ending = self._paint(job, follow)
            except NstError as error:
                ending = Ending(state="failed", error=error)
            except MemoryError:
                short = NstError("there is not enough memory", "choose a smaller size, or fewer at a time")
                ending = Ending(state="failed", error=short)
            except Exception as error:  # a bug, and yet the others' pictures are not lost
                bug = NstError(f"this is a bug in nst-onnx: {type(error).__name__}: {error}")
                ending = Ending(state="failed", error=bug)
        ours = (t for t in told if t.category.__module__.startswith("nst_onnx"))
        lines = tuple(dict.fromkeys(str(warning.message) for warning in ours))
        return replace(ending, seconds=time.monotonic() - begun, warnings=lines)

    def _paint(self, job: Job, follow: Follow) -> Ending:
        output, bits = Path(job.output), self.recipe.bits
        picture.check_writable(output, 8 if bits is None else bits)
        kept = Kept(output)
        stopped = False

        def after(step: Step) -> bool:
            nonlocal stopped
            kept.follow(step)
            if not follow(step):
                kept.save(step)
                stopped = True
            return not stopped

        result = self._result(job, after, kept.load())
        if stopped:
            return Ending(state="interrupted")
        result.save(output, bits=bits, quality=self.recipe.jpeg_quality)
        kept.remove()
        height, width = result.array.shape[:2]
        return Ending(state="painted", shape=(height, width), losses=result.losses)

    def _result(self, job: Job, after: Follow, saved: Checkpoint | None) -> Result:
        """Return the picture, from where it was `saved` if that belongs to it."""
        options = self.recipe.options
        if saved is not None:
            try:
                return self.stylizer.stylize(job.content, job.style, callback=after, resume=saved, **options)
            except OptionError:  # the state of another run; whatever else is wrong comes again
                pass
        return self.stylizer.stylize(job.content, job.style, callback=after, **options)
