"""A batch painted by a cluster: when a worker or its machine dies, another one paints its picture."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nst_onnx import picture
from nst_onnx.errors import ClusterError, NstError, OptionError, PictureError
from nst_onnx.jobs.batch.executor import Event
from nst_onnx.jobs.batch.job import Ending, Job, Progress
from nst_onnx.jobs.batch.ray_worker import RemotePainter
from nst_onnx.jobs.batch.resume_file import Kept
from nst_onnx.jobs.batch.settings import Recipe
from nst_onnx.jobs.ray.payload import Parcel
from nst_onnx.jobs.ray.resources import Share, share
from nst_onnx.painting.inputs import style_list
from nst_onnx.support.atomic_files import replacing
from nst_onnx.support.library_errors import system_reason
from nst_onnx.version import __version__

TRIES = 3  # workers that die over one picture, or before their first: then it is not by chance
_LISTEN = 0.5  # seconds, after which somebody who wants to stop is heard, and progress is asked for


@dataclass(eq=False)
class _Worker:
    """An actor; what it was told to do last (`awaited`), and for which job (None: to open the model)."""

    actor: Any
    awaited: Any
    number: int | None = None
    asked: Any = None  # how it goes on


class Cluster:
    """Workers in a cluster of Ray."""

    def __init__(self, ray: Any, recipe: Recipe, workers: int | None = None) -> None:
        """`ray`: the module, connected (see `connect`). `workers`: None for as many as suit the cluster.

        Raises OptionError for less than one, ClusterError where the cluster has nothing to compute with,
        PictureError and ModelError where what all pictures need cannot be read.
        """
        if workers is not None and workers < 1:
            raise OptionError(f"there must be at least one worker, not {workers}")
        self._ray = ray
        self._share = share(ray.nodes(), recipe.device, workers)
        self._recipe = _of_each(recipe, self._share)
        self._common = [Parcel.of(recipe.located(), "model")]
        if isinstance(init := recipe.options.get("init"), str) and init not in ("content", "noise", "style"):
            self._common.append(Parcel.of(init, "picture to start from"))
        self._common_values = [ray.put(parcel.value) for parcel in self._common]
        self._styles: dict[str, Any] = {}  # by path: they are sent once
        self._stopping = False

    def stop(self) -> None:
        """End at once: what is finished is written, what workers have at hand is lost."""
        self._stopping = True

    def paint(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Yield events. Raises NstError where no worker can begin."""
        self._jobs, self._waiting = jobs, deque(range(len(jobs)))
        self._deaths: Counter[int] = Counter()
        self._stillborn = 0
        self._workers: list[_Worker] = []
        try:
            while self._waiting or self._busy():
                if self._stopping:
                    for worker in self._busy():
                        assert worker.number is not None
                        yield worker.number, Ending(state="interrupted")
                    return
                self._hire()
                yield from self._listen()
        finally:
            for worker in self._workers:
                self._ray.kill(worker.actor)

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.number is not None]

    def _hire(self) -> None:
        """Have as many workers as there is work for, and the share allows."""
        wanted = min(self._share.workers, len(self._waiting) + len(self._busy()))
        while len(self._workers) < wanted and self._stillborn < TRIES:
            actor = (
                self._ray.remote(RemotePainter)
                .options(
                    num_cpus=self._share.cpus,
                    num_gpus=self._share.gpus,
                    max_concurrency=2,  # it paints, and answers how it goes on
                    scheduling_strategy="SPREAD",
                )
                .remote(self._recipe, self._share.cpus, _names(self._common), *self._common_values)
            )
            self._workers.append(_Worker(actor, actor.open.remote(__version__)))

    def _listen(self) -> Iterator[Event]:
        """Take what has come within a while, and ask those who paint how it goes on."""
        done, _ = self._ray.wait([worker.awaited for worker in self._workers], timeout=_LISTEN)
        for worker in [worker for worker in self._workers if worker.awaited in done]:
            yield from self._take(worker)
        for worker in self._busy():
            yield from self._ask(worker)

    def _take(self, worker: _Worker) -> Iterator[Event]:
        """Take what a worker has done, and give it the next job, or its leave."""
        try:
            value = self._ray.get(worker.awaited)
        except self._ray.exceptions.RayError as error:
            yield from self._lose(worker, error)
            return
        if isinstance(value, NstError):
            raise value
        if worker.number is not None:
            ending, data = value
            yield worker.number, self._written(self._jobs[worker.number], ending, data)
            worker.number = worker.asked = None
        yield from self._give(worker)
        if worker.number is None:
            self._dismiss(worker)

    def _give(self, worker: _Worker) -> Iterator[Event]:
        """Give a worker the next job whose files can be read and written."""
        while self._waiting and worker.number is None:
            number = self._waiting.popleft()
            job = self._jobs[number]
            try:
                picture.check_writable(job.output, self._recipe.bits or 8)
                content = Parcel.of(job.content, "content picture")
                styles = [Parcel.of(style, "style picture") for style in style_list(job.style)]
            except NstError as error:
                yield number, Ending(state="failed", error=error)
                continue
            values = [content.value, *map(self._sent, styles)]
            worker.number = number
            worker.awaited = worker.actor.paint.remote(
                Path(job.output).name, _names([content, *styles]), *values
            )
            yield number, Progress()

    def _ask(self, worker: _Worker) -> Iterator[Event]:
        """Yield how it goes on, if the answer is there, and ask again."""
        if worker.asked is not None and self._ray.wait([worker.asked], timeout=0)[0]:
            try:
                progress = self._ray.get(worker.asked)
            except self._ray.exceptions.RayError:
                return  # it is dead: that is heard from what is awaited, too
            worker.asked = None
            assert worker.number is not None
            yield worker.number, progress
        if worker.asked is None:
            worker.asked = worker.actor.progress.remote()

    def _check_anybody(self, reason: str) -> None:
        """Raise ClusterError where nobody is left, and so many could not begin that nobody else is hired."""
        if self._stillborn >= TRIES and not self._workers:
            raise ClusterError(
                f"no worker of the cluster can begin: {reason}",
                "nst-onnx[cpu] or [gpu] must be installed on every machine of it",
            )

    def _lose(self, worker: _Worker, error: Exception) -> Iterator[Event]:
        """Let another worker do what a dead one cannot; if that has been tried enough, say so."""
        self._dismiss(worker)
        reason = str(error).strip().partition("\n")[0]
        if worker.number is None:
            self._stillborn += 1
            self._check_anybody(reason)
            return
        self._deaths[worker.number] += 1
        if self._deaths[worker.number] < TRIES:
            self._waiting.appendleft(worker.number)
            self._check_anybody(reason)
            return
        died = ClusterError(
            f"{TRIES} workers died while they painted it: {reason}",
            "choose a smaller size if memory was short",
        )
        yield worker.number, Ending(state="failed", error=died)

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._ray.kill(worker.actor)

    def _sent(self, style: Parcel) -> Any:
        """Return what stands for a style picture: the cluster keeps a copy of each file."""
        if style.name is None:
            return style.value
        if style.name not in self._styles:
            self._styles[style.name] = self._ray.put(style.value)
        return self._styles[style.name]

    @staticmethod
    def _written(job: Job, ending: Ending, data: bytes) -> Ending:
        """Write a finished picture, whole or not at all."""
        if ending.state != "painted":
            return ending
        try:
            with replacing(Path(job.output)) as file:
                file.write(data)
        except OSError as error:
            reason = system_reason(error)
            return replace(ending, state="failed", error=PictureError(f"cannot write {job.output}: {reason}"))
        Kept(job.output).remove()  # of a run on this machine alone
        return ending


def _of_each(recipe: Recipe, share: Share) -> Recipe:
    """Return the recipe of one worker. Ray shows it no GPU but its own, so that is the first."""
    threads = recipe.threads or max(1, int(share.cpus))
    device = recipe.device
    if device is not None and share.gpus:
        device = ":".join(part for part in device.split(":") if not part.isdigit())
    return replace(recipe, threads=threads, device=device)


def _names(parcels: Sequence[Parcel]) -> list[str | None]:
    return [parcel.name for parcel in parcels]
