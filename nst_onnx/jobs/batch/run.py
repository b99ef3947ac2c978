"""Runs a batch: skips existing outputs, continues after failed jobs, and resumes unfinished ones."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from nst_onnx import picture
from nst_onnx.errors import OptionError, PictureError
from nst_onnx.jobs.batch import plan, resources
from nst_onnx.jobs.batch.already_done import skipped
from nst_onnx.jobs.batch.executor import Executor, SerialExecutor
from nst_onnx.jobs.batch.job import Ending, Job, Outcome, Progress
from nst_onnx.jobs.batch.process_pool import ProcessPool
from nst_onnx.jobs.batch.resume_file import ResumeFile
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.painting.option_types import Whole
from nst_onnx.painting.options import OptionValues
from nst_onnx.painting.regions.portable import portable
from nst_onnx.painting.style_pictures import are_several
from nst_onnx.picture.photo_metadata import Kept
from nst_onnx.support.arguments import path_of, shown
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
    metadata: Kept = "keep",
    **options: Unpack[OptionValues],
) -> Iterator[Outcome]:
    """Run all `jobs`, and yield the outcome of each as soon as it ends, in any order.

    A job is (content, style, output), of any pictures; `nst_onnx.jobs.batch.grid` and `pairs` make jobs from
    files. Existing outputs are skipped, unless `overwrite`. A failed job has its error in the outcome and
    does not stop the others. Outputs are written atomically; a job that is unfinished when the program
    ends, or is killed, is resumed by the next call with the same arguments.

    `processes`: 0 runs jobs in this process; with more, a killed process fails only its own job. They are
    spawned, so a script needs ``if __name__ == "__main__":``. `ray`: the address of a cluster that runs the
    jobs instead (see `nst_onnx.jobs.ray.connect`), with `processes` workers, 0 to derive their number.
    `model`, `device`, `threads`, `preprocessing` as in `Stylizer`, `bits`, `jpeg_quality` and `metadata` as
    in `Result.save`, `options`: the fields of `nst_onnx.painting.options.Options`.
    Raises NstError at once for a fault that would fail every job, and with the first outcome if the model
    cannot be opened.
    """
    if (init := options.get("init")) is not None:
        options["init"] = picture.detached(init)
    options = portable(options)
    settings = BatchSettings(
        model=model,
        device=device,
        threads=threads,
        preprocessing=preprocessing,
        options=options,
        bits=bits,
        jpeg_quality=jpeg_quality,
        metadata=metadata,
    )
    Whole(0).check("processes", processes)
    if not isinstance(jobs, Iterable):
        raise OptionError(f"jobs must be a list of (content, style, output), not {shown(jobs)}")
    checked = [_job(job) for job in jobs]
    prepare(checked, settings)
    return _outcomes(checked, settings, open_executor(settings, processes, ray), overwrite)


@contextmanager
def open_executor(
    settings: BatchSettings, processes: int | None, ray: str | None = None
) -> Iterator[Executor]:
    """Yield the executor of a batch: this process, a process pool, or a Ray cluster.

    `ray`: the address of a cluster as in `nst_onnx.jobs.ray.connect`, None for this machine without Ray.
    `processes`: the number of workers, None to derive it from the machine or the cluster; 0 for none beside
    this process. Raises NstError if they cannot be started.
    """
    if ray is not None:
        from nst_onnx.jobs.ray.connect import connect

        with connect(ray) as cluster:
            from nst_onnx.jobs.batch.ray_pool import RayPool

            yield RayPool(cluster, settings, processes or None)
    elif processes == 0:
        yield SerialExecutor(settings)
    else:
        yield ProcessPool(resources.per_process(settings, processes))


def prepare(jobs: Sequence[Job], settings: BatchSettings) -> None:
    """Make the output folders. Raises NstError if outputs clash, or cannot be written."""
    plan.check(jobs)
    for folder in dict.fromkeys(Path(job.output).parent for job in jobs):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OptionError(f"cannot make the folder {folder}: {system_reason(error)}") from error
    bits = 8 if settings.bits is None else settings.bits
    outputs = [Path(job.output) for job in jobs]
    for path in {path.suffix.lower(): path for path in outputs if not path.exists()}.values():
        picture.check_writable(path, bits)


def run(
    jobs: Sequence[Job], settings: BatchSettings, executor: Executor, *, overwrite: bool
) -> Generator[tuple[int, Progress | Outcome], None, None]:
    """Yield (index of a job, its progress or outcome) until every job has its `Outcome`."""
    todo: list[int] = []
    for index, job in enumerate(jobs):
        done = None if overwrite else skipped(job, settings)
        if done is None:
            todo.append(index)
        else:
            ResumeFile(job.output).remove()  # the earlier run may have been killed between the two
            yield index, Outcome.of(job, done)
    unfinished = dict.fromkeys(todo)
    for number, event in executor.run([jobs[index] for index in todo]) if todo else ():
        index = todo[number]
        if isinstance(event, Progress):
            yield index, event
        else:
            del unfinished[index]
            yield index, Outcome.of(jobs[index], event)
    for index in unfinished:  # the executor was stopped
        yield index, Outcome.of(jobs[index], Ending(state="interrupted"))


def _job(job: object) -> Job:
    """Return a user's argument as a job. Raises OptionError if it is not one."""
    if not isinstance(job, Sequence) or isinstance(job, str | bytes) or len(job) != len(Job._fields):
        raise OptionError(f"a job is (content, style, output), not {shown(job)}")
    content, style, output = job
    path_of(output, "the output of a job")
    style = tuple(map(_detached, style)) if are_several(style) else _detached(style)
    return Job(_detached(content), style, output)


def _detached(source: picture.Source) -> picture.Source:
    """Return a picture that several jobs can read, in other processes too."""
    try:
        return picture.detached(source)
    except PictureError:
        return source  # whose job will fail, and stop no other


def _outcomes(
    jobs: Sequence[Job],
    settings: BatchSettings,
    executor_context: AbstractContextManager[Executor],
    overwrite: bool,
) -> Iterator[Outcome]:
    with executor_context as executor:
        for _, event in run(jobs, settings, executor, overwrite=overwrite):
            if isinstance(event, Outcome):
                yield event
