"""A film painted by a cluster, scene by scene: when a worker dies, another goes on with its scene."""

from __future__ import annotations

import socket
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nst_onnx.errors import ClusterError, NstError, OptionError
from nst_onnx.jobs.batch.ray_pool import TRIES
from nst_onnx.jobs.ray.resources import memory, share
from nst_onnx.jobs.video import libraries
from nst_onnx.jobs.video.decode import Film, content
from nst_onnx.jobs.video.frame_painter import Painter
from nst_onnx.jobs.video.frame_store import read_frame, write_frame
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.sessions import Network
from nst_onnx.picture import Picture
from nst_onnx.runtime import Device
from nst_onnx.version import __version__

Done = tuple[int, bytes, int, dict[str, float]]
"""The number of a frame, and what `ScenePainter.paint` says of it."""

AHEAD = 3  # frames that a worker is asked for at a time: it need not wait for this machine to hear of one
_LISTEN = 0.5  # seconds, after which somebody who wants to stop is heard


@dataclass(frozen=True, eq=False)
class Commission:
    """All that a worker needs to know, and the bytes of the film; no disk is shared.

    `threads`: 0 for as many as a worker has processors. `shape`: (H, W) of the frames that are painted.
    """

    film: Film
    data: bytes
    shape: tuple[int, int]
    extractor: Extractor
    device: Device
    threads: int
    styles: list[Picture]
    options: VideoOptions


class ScenePainter:
    """An actor of Ray, which keeps its network warm. Frames of a scene are asked for in their order.

    `cpus`: how many processors it may use, which is also its share of the memory.
    """

    def __init__(self, cpus: float) -> None:
        self._cpus = cpus
        self._folder = tempfile.TemporaryDirectory(prefix="nst-onnx-")

    def open(self, version: str, commission: Commission) -> None:
        """Open the network. `version`: of nst-onnx where the work comes from. Raises NstError."""
        if version != __version__:
            raise ClusterError(
                f"{socket.gethostname()} has nst-onnx {__version__}, not {version}",
                "install the same version everywhere",
            )
        libraries.check()
        film = Path(self._folder.name) / f"film{commission.film.path.suffix}"
        film.write_bytes(commission.data)
        self._film = replace(commission.film, path=film)
        self._shape, self._styles, self._options = commission.shape, commission.styles, commission.options
        if self._options.max_memory is None:
            self._options = replace(self._options, max_memory=memory(self._cpus))
        threads = commission.threads or max(1, int(self._cpus))
        device = replace(commission.device, index=0)  # Ray shows it no GPU but its own
        self._network = Network(commission.extractor, device, threads)

    def begin(self, number: int) -> None:
        """Go to the frame that a scene begins with."""
        self._frames = self._film.frames(number)
        self._painter = Painter(self._network, self._styles, self._options)

    def follow(self, data: bytes) -> None:
        """Take the next frame as it was painted before."""
        self._file.write_bytes(data)
        painted = read_frame(self._file)
        assert painted is not None
        self._painter.follow(self._next(), painted)

    def paint(self) -> tuple[bytes, int, dict[str, float]]:
        """Return the next frame as it is kept, the evaluations that it took, and its losses."""
        evaluations, losses = 0, dict[str, float]()

        def tell(iteration: int, _: int, found: Any) -> None:
            nonlocal evaluations, losses
            evaluations, losses = iteration, dict(found)

        write_frame(self._file, self._painter.paint(self._next(), tell))
        return self._file.read_bytes(), evaluations, losses

    @property
    def _file(self) -> Path:
        return Path(self._folder.name) / "frame.png"

    def _next(self) -> Any:
        return content(next(self._frames), self._shape)


@dataclass(eq=False)
class _Worker:
    """An actor, its scene, which frame of it is to be asked for next, and what was asked for already.

    `promised`: for which frame, and Ray's reference. `born`: whether it has opened the network.
    """

    actor: Any
    scene: range
    following: int
    promised: deque[tuple[int, Any]] = field(default_factory=deque)
    born: bool = False


class Scenes:
    """Workers in a cluster of Ray, which paint a scene each at a time."""

    def __init__(
        self,
        ray: Any,
        commission: Commission,
        kept: Callable[[int], bytes | None],
        workers: int | None = None,
    ) -> None:
        """`ray`: the module, connected. `kept(number)`: the bytes of a frame that is done, else None.

        `workers`: None for as many as suit the cluster. Raises OptionError for less than one, ClusterError
        where the cluster has nothing to compute with.
        """
        if workers is not None and workers < 1:
            raise OptionError(f"there must be at least one worker, not {workers}")
        self._ray, self._kept = ray, kept
        self._share = share(ray.nodes(), str(commission.device), workers)
        self._commission = ray.put(commission)

    def paint(self, scenes: Iterator[range]) -> Generator[Done, None, None]:
        """Yield frames as they are done. Each must be kept before the next is asked for. Raises NstError."""
        self._scenes, self._again = scenes, deque[range]()
        self._deaths, self._stillborn = Counter[int](), 0
        self._workers: list[_Worker] = []
        try:
            while self._employ():
                awaited = [worker.promised[0][1] for worker in self._workers]
                done, _ = self._ray.wait(awaited, timeout=_LISTEN)
                for worker in [worker for worker in self._workers if worker.promised[0][1] in done]:
                    yield from self._take(worker)
        finally:
            for worker in self._workers:
                self._ray.kill(worker.actor)

    def _employ(self) -> bool:
        """Give scenes to those who have none, new workers among them; say whether anybody has work.

        Scenes are looked for only when there is somebody to paint them.
        """
        idle = [worker for worker in self._workers if not worker.promised]
        while idle or (len(self._workers) < self._share.workers and self._stillborn < TRIES):
            scene = self._again.popleft() if self._again else next(self._scenes, None)
            if scene is None:
                break
            worker = idle.pop() if idle else self._hire()
            worker.scene, worker.following = scene, scene.start
            worker.promised.append((scene.start, worker.actor.begin.remote(scene.start)))
            self._ask(worker)
        for worker in idle:
            self._dismiss(worker)
        return bool(self._workers)

    def _hire(self) -> _Worker:
        actor = (
            self._ray.remote(ScenePainter)
            .options(num_cpus=self._share.cpus, num_gpus=self._share.gpus, scheduling_strategy="SPREAD")
            .remote(self._share.cpus)
        )
        worker = _Worker(actor, range(0), 0)
        worker.promised.append((0, actor.open.remote(__version__, self._commission)))
        self._workers.append(worker)
        return worker

    def _ask(self, worker: _Worker) -> None:
        """Ask for the next frames; what was done before is told instead."""
        while worker.following < worker.scene.stop and len(worker.promised) < AHEAD:
            number, worker.following = worker.following, worker.following + 1
            data = self._kept(number)
            promise = worker.actor.paint.remote() if data is None else worker.actor.follow.remote(data)
            worker.promised.append((number, promise))

    def _take(self, worker: _Worker) -> Iterator[Done]:
        """Take what a worker has done, and ask for more."""
        number, promise = worker.promised[0]
        try:
            painted = self._ray.get(promise)
        except self._ray.exceptions.RayError as error:
            self._lose(worker, number, error)
            return
        worker.promised.popleft()
        if not worker.born:
            worker.born, self._stillborn = True, 0
        if painted is not None:
            yield number, *painted
        self._ask(worker)

    def _lose(self, worker: _Worker, number: int, error: Exception) -> None:
        """Let another worker go on where one has died; if that has been tried enough, raise ClusterError."""
        cause = getattr(error, "cause", None)
        if isinstance(cause, NstError | MemoryError):  # so it would end on this machine, too
            raise cause from None
        self._dismiss(worker)
        reason = str(cause or error).strip().partition("\n")[0]
        self._again.appendleft(worker.scene)
        if worker.born:
            self._deaths[number] += 1
            if self._deaths[number] == TRIES:
                raise ClusterError(
                    f"{TRIES} workers died while they painted frame {number + 1}: {reason}",
                    "the same command goes on; choose a smaller size if memory was short",
                )
        else:
            self._stillborn += 1
        if self._stillborn >= TRIES and not self._workers:
            raise ClusterError(
                f"no worker of the cluster can begin: {reason}",
                "nst-onnx[cpu,video] or [gpu,video] must be installed on every machine of it",
            )

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._ray.kill(worker.actor)
