"""Executor in a Ray cluster: a job whose worker is lost is run again by another worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from nst_onnx import picture
from nst_onnx.errors import ClusterError, NstError, PictureError
from nst_onnx.feedforward import gallery
from nst_onnx.jobs.batch.executor import Event
from nst_onnx.jobs.batch.job import Ending, Job, Progress
from nst_onnx.jobs.batch.ray_worker import JobActor
from nst_onnx.jobs.batch.resume_file import ResumeFile
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.jobs.ray.interface import Ray, Reference
from nst_onnx.jobs.ray.payload import Payload, names
from nst_onnx.jobs.ray.resources import Allocation
from nst_onnx.jobs.ray.supervisor import TRIES, RayWorker, Supervisor, WorkerFailure
from nst_onnx.painting.presets.preset import Start
from nst_onnx.painting.regions.portable import portable
from nst_onnx.painting.style_pictures import style_list
from nst_onnx.support.atomic_files import replacing
from nst_onnx.support.library_errors import system_reason


class RayPool:
    """Runs the jobs of a batch in actors, one job at a time in each."""

    def __init__(self, ray: Ray, settings: BatchSettings, workers: int | None = None) -> None:
        """`ray`: the module, connected (see `connect`). `workers`: None to derive it from the cluster.

        Raises OptionError for less than one worker, ClusterError if the cluster has no suitable resources,
        PictureError and ModelError if the model or the initial picture cannot be read.
        """
        self._ray = ray
        self._supervisor = Supervisor(
            ray,
            JobActor,
            device=settings.device,
            workers=workers,
            concurrency=2,  # `run` and `progress`
        )
        settings = replace(settings, options=portable(settings.options, embedded=True))
        self._settings = _of_each_worker(settings, self._supervisor.allocation)
        common = [Payload.of(settings.model_file(), "model")]
        init = settings.options.get("init")
        if isinstance(init, str) and init not in get_args(Start):
            common.append(Payload.of(init, "picture to start from"))
        self._common_names = names(common)
        self._common_values = [ray.put(payload.value) for payload in common]
        self._styles: dict[str, Reference] = {}  # by path: each is sent once
        self._progress: dict[RayWorker, Reference] = {}  # pending requests
        self._jobs: Sequence[Job] = ()
        self._waiting: deque[int] = deque()
        self._stopping = False

    def stop(self) -> None:
        """End at once: finished pictures are written, running jobs are lost."""
        self._stopping = True

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield events. Raises NstError if no worker can start."""
        self._jobs, self._waiting = jobs, deque(range(len(jobs)))
        try:
            while self._waiting or self._running():
                if self._stopping:
                    for _, running in self._running():
                        yield running, Ending(state="interrupted")
                    return
                self._start_workers()
                for worker, number, result in self._supervisor.completed():
                    yield from self._handle(worker, number, result)
                for worker, running in self._running():
                    yield from self._poll_progress(worker, running)
        finally:
            self._supervisor.stop()

    def _running(self) -> list[tuple[RayWorker, int]]:
        """Return the workers that run a job, and the number of the job."""
        return [(worker, worker.item) for worker in self._supervisor.workers if worker.item is not None]

    def _start_workers(self) -> None:
        """Start no more workers than there are jobs for. Raises ClusterError if none can start."""
        jobs = len(self._waiting) + len(self._running())
        while self._supervisor.can_start and len(self._supervisor.workers) < jobs:
            worker = self._supervisor.start()
            opened = worker.actor.open.remote(self._settings, self._common_names, *self._common_values)
            worker.submit(None, opened)
        self._supervisor.check_any_left()

    def _handle(self, worker: RayWorker, number: int | None, result: object) -> Iterator[Event]:
        """Record a result, and give its worker the next job, or dismiss it."""
        if number is not None:
            self._progress.pop(worker, None)
        if isinstance(result, WorkerFailure):
            yield from self._after_loss(number, result)
            return
        if number is not None:
            ending, data = cast(tuple[Ending, bytes], result)
            yield number, _write(self._jobs[number], ending, data)
        yield from self._submit_next(worker)
        if worker.item is None:
            self._supervisor.dismiss(worker)

    def _submit_next(self, worker: RayWorker) -> Iterator[Event]:
        """Submit the next job whose files can be read and written."""
        while self._waiting and worker.item is None:
            number = self._waiting.popleft()
            job = self._jobs[number]
            try:
                picture.check_writable(job.output, self._settings.bits or 8)
                content = Payload.of(job.content, "content picture")
                given = [gallery.find(style) or style for style in style_list(job.style)]
                styles = [Payload.of(style, "style picture") for style in given]
            except NstError as error:
                yield number, Ending(state="failed", error=error)
                continue
            values = [content.value, *map(self._stored, styles)]
            output = Path(job.output).name
            worker.submit(number, worker.actor.run.remote(output, names([content, *styles]), *values))
            yield number, Progress()

    def _poll_progress(self, worker: RayWorker, number: int) -> Iterator[Event]:
        """Yield the progress of a job if the worker has answered, and request it again."""
        request = self._progress.get(worker)
        if request is not None and self._ray.wait([request], timeout=0)[0]:
            try:
                progress = self._ray.get(request)
            except self._ray.exceptions.RayError:
                return  # the worker is lost; the supervisor reports it
            assert isinstance(progress, Progress)
            yield number, progress
            request = None
        if request is None:
            self._progress[worker] = worker.actor.progress.remote()

    def _after_loss(self, number: int | None, lost: WorkerFailure) -> Iterator[Event]:
        """Queue the job of a lost worker again, or fail it after the last try."""
        if isinstance(lost.cause, NstError):
            raise lost.cause from None
        if number is None:
            return
        if lost.failures < TRIES:
            self._waiting.appendleft(number)
            return
        error = ClusterError(
            f"{TRIES} workers died while they painted it: {lost.reason}",
            "choose a smaller size if memory was short",
        )
        yield number, Ending(state="failed", error=error)

    def _stored(self, style: Payload) -> object:
        """Return a reference to a style file's bytes, which are stored once; a picture in memory as it is."""
        if style.name is None:
            return style.value
        if style.name not in self._styles:
            self._styles[style.name] = self._ray.put(style.value)
        return self._styles[style.name]


def _write(job: Job, ending: Ending, data: bytes) -> Ending:
    """Write a painted picture atomically, and return the job's ending."""
    if ending.state != "painted":
        return ending
    try:
        with replacing(Path(job.output)) as file:
            file.write(data)
    except OSError as error:
        reason = system_reason(error)
        return replace(ending, state="failed", error=PictureError(f"cannot write {job.output}: {reason}"))
    ResumeFile(job.output).remove()  # left by a run without a cluster
    return ending


def _of_each_worker(settings: BatchSettings, allocation: Allocation) -> BatchSettings:
    """Return the settings of one worker, without a GPU's number: Ray makes one GPU visible to it."""
    threads = settings.threads or max(1, int(allocation.cpus))
    device = settings.device
    if device is not None and allocation.gpus:
        device = ":".join(part for part in device.split(":") if not part.isdigit())
    return replace(settings, threads=threads, device=device)
