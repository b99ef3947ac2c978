"""Painting many pictures: what is there already is skipped, what fails does not stop the others."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from nst_onnx import picture
from nst_onnx.errors import OptionError
from nst_onnx.jobs.batch import hire, plan
from nst_onnx.jobs.batch.already_done import finished
from nst_onnx.jobs.batch.executor import Crew
from nst_onnx.jobs.batch.job import Ending, Job, Outcome, Progress
from nst_onnx.jobs.batch.resume_file import Kept
from nst_onnx.jobs.batch.settings import Recipe
from nst_onnx.painting.option_types import Whole
from nst_onnx.painting.options import OptionValues
from nst_onnx.support.library_errors import system_reason

if TYPE_CHECKING:
    from nst_onnx.models.metadata import Preprocessing


def stylize_batch(
    jobs: Iterable[Job],
    *,
    model: str | os.PathLike[str] = "auto",
    device: str | None = None,
    threads: int = 0,
    preprocessing: Preprocessing | None = None,
    processes: int = 0,
    ray: str | None = None,
    overwrite: bool = False,
    bits: int | None = None,
    jpeg_quality: int = 95,
    **options: Unpack[OptionValues],
) -> Iterator[Outcome]:
    """Paint all `jobs` and yield what came of each as soon as it is done, in any order.

    A job is (content, style, output), of any pictures; `nst_onnx.jobs.batch.grid` and `pairs` make them from
    files. An output that exists is skipped, unless `overwrite`. What is wrong with a picture is in its
    outcome and does not stop the others. Outputs appear whole or not at all; a picture that is not
    finished when the program ends, or is killed, goes on where it was when the same is asked for again.

    `processes`: 0 paints in this process; with more, a picture whose process is killed fails alone. They
    are spawned, so a script needs ``if __name__ == "__main__":``. `ray`: the address of a cluster that
    shall paint instead (see `nst_onnx.jobs.ray.connect`), with so many workers, 0 for as many as suit it.
    `model`, `device`, `threads`, `preprocessing` as in `Stylizer`, `bits` and `jpeg_quality` as in
    `Result.save`, `options`: the fields of `nst_onnx.painting.options.Options`.
    Raises NstError at once for what would make every picture fail, and with the first outcome where the
    model cannot be opened.
    """
    recipe = Recipe(
        model=model,
        device=device,
        threads=threads,
        preprocessing=preprocessing,
        options=options,
        bits=bits,
        jpeg_quality=jpeg_quality,
    )
    Whole(0).check("processes", processes)
    todo = [_job(job) for job in jobs]
    prepare(todo, recipe)
    return _outcomes(todo, recipe, hire.crew(recipe, processes, ray), overwrite)


def _job(job: object) -> Job:
    """Return what was given as a job. Raises OptionError where it is none."""
    if not isinstance(job, Sequence) or isinstance(job, str | bytes) or len(job) != len(Job._fields):
        raise OptionError(f"a job is (content, style, output), not {job!r}")
    if not isinstance(job[2], str | os.PathLike):
        raise OptionError(f"the output of a job is a path, not {job[2]!r}")
    return Job(*job)


def _outcomes(
    jobs: Sequence[Job], recipe: Recipe, hired: AbstractContextManager[Crew], overwrite: bool
) -> Iterator[Outcome]:
    with hired as crew:
        for _, event in paint(jobs, recipe, crew, overwrite=overwrite):
            if isinstance(event, Outcome):
                yield event


def prepare(jobs: Sequence[Job], recipe: Recipe) -> None:
    """Raise NstError if outputs clash, or their format or folder cannot be; make the folders."""
    plan.check(jobs)
    for folder in dict.fromkeys(Path(job.output).parent for job in jobs):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OptionError(f"cannot make the folder {folder}: {system_reason(error)}") from error
    bits = 8 if recipe.bits is None else recipe.bits
    outputs = [Path(job.output) for job in jobs]
    for path in {path.suffix.lower(): path for path in outputs if not path.exists()}.values():
        picture.check_writable(path, bits)


def paint(
    jobs: Sequence[Job], recipe: Recipe, crew: Crew, *, overwrite: bool
) -> Generator[tuple[int, Progress | Outcome], None, None]:
    """Yield (place of the job, what is new of it) until every job has its `Outcome`."""
    todo: list[int] = []
    for place, job in enumerate(jobs):
        done = None if overwrite else finished(job, recipe)
        if done is None:
            todo.append(place)
        else:
            Kept(job.output).remove()  # whoever finished it may have been killed before that
            yield place, Outcome.of(job, done)
    left = dict.fromkeys(todo)
    for number, event in crew.paint([jobs[place] for place in todo]) if todo else ():
        place = todo[number]
        if isinstance(event, Progress):
            yield place, event
        else:
            del left[place]
            yield place, Outcome.of(jobs[place], event)
    for place in left:  # because it was stopped
        yield place, Outcome.of(jobs[place], Ending(state="interrupted"))
