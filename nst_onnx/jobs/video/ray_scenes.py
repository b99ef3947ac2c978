"""Paints a video's scenes in a Ray cluster: the scene of a lost worker is resumed by another one."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from nst_onnx.errors import ClusterError, NstError
from nst_onnx.feedforward.learned_style import LearnedStyle
from nst_onnx.jobs.ray.interface import Ray
from nst_onnx.jobs.ray.resources import memory_limit
from nst_onnx.jobs.ray.supervisor import TRIES, Actor, RayWorker, Supervisor, WorkerFailure
from nst_onnx.jobs.video import libraries
from nst_onnx.jobs.video.decode import Film, prepare_frame
from nst_onnx.jobs.video.frame_masks import FrameMasks
from nst_onnx.jobs.video.frame_painter import FramePainter
from nst_onnx.jobs.video.frame_store import read_frame, write_frame
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.sessions import Network
from nst_onnx.picture import Picture
from nst_onnx.runtime import Device
from nst_onnx.support.arrays import Array

FrameFile = tuple[bytes, int, dict[str, float]]
"""A painted frame as the bytes of its file, the evaluations that it took, and its losses."""

QUEUED_FRAMES = 3  # tasks that a worker has at a time, so that it need not wait for this machine


@dataclass(frozen=True, eq=False, kw_only=True)
class VideoPayload:
    """All that a worker requires, with the bytes of the video file, since no shared disk is required.

    `shape`: (H, W) of the painted frames. `threads`: 0 for as many as a worker has processors.
    """

    film: Film
    data: bytes
    shape: tuple[int, int]
    extractor: Extractor
    device: Device
    threads: int
    styles: list[Picture | LearnedStyle]
    options: VideoOptions


class SceneActor(Actor):
    """Ray actor that paints scenes. Frames of a scene are requested in their order."""

    def __init__(self, cpus: float) -> None:
        super().__init__(cpus)
        self._folder = tempfile.TemporaryDirectory(prefix="nst-onnx-")
        self._frame_file = Path(self._folder.name) / "frame.png"

    def open(self, payload: VideoPayload) -> None:
        """Store the video file, and open the network. Raises NstError."""
        libraries.check()
        path = Path(self._folder.name) / f"film{payload.film.path.suffix}"
        path.write_bytes(payload.data)
        options = payload.options
        if options.max_memory is None:
            options = replace(options, max_memory=memory_limit(self.cpus))
        self._payload = replace(payload, film=replace(payload.film, path=path), data=b"", options=options)
        threads = payload.threads or max(1, int(self.cpus))
        device = replace(payload.device, index=0)  # Ray makes one GPU visible to the actor
        self._network = Network(payload.extractor, device, threads)

    def begin(self, number: int) -> None:
        """Begin the scene whose first frame has this number."""
        self._frames = self._payload.film.frames(number)
        self._painter = FramePainter(
            self._network, self._payload.styles, FrameMasks(self._payload.options), number
        )

    def skip(self, data: bytes) -> None:
        """Skip the next frame, which is painted already. `data`: its file."""
        self._frame_file.write_bytes(data)
        painted = read_frame(self._frame_file)
        assert painted is not None
        self._painter.skip(self._next_frame(), painted)

    def paint(self) -> FrameFile:
        """Paint the next frame."""
        evaluations, losses = 0, dict[str, float]()

        def callback(iteration: int, _: int, found: Mapping[str, float]) -> None:
            nonlocal evaluations, losses
            evaluations, losses = iteration, dict(found)

        write_frame(self._frame_file, self._painter.paint(self._next_frame(), callback))
        return self._frame_file.read_bytes(), evaluations, losses

    def _next_frame(self) -> Array:
        return prepare_frame(next(self._frames), self._payload.shape)


@dataclass
class _Assignment:
    """A worker's scene, and those of its frames that are not yet requested."""

    scene: range
    remaining: range


class ScenePool:
    """Paints the scenes of a video in actors, one scene at a time in each."""

    def __init__(
        self,
        ray: Ray,
        payload: VideoPayload,
        stored_frame: Callable[[int], bytes | None],
        workers: int | None = None,
    ) -> None:
        """`ray`: the module, connected. `stored_frame(number)`: the file of a painted frame, else None.

        `workers`: None to derive it from the cluster. Raises OptionError for less than one worker,
        ClusterError if the cluster has no suitable resources.
        """
        self._stored_frame = stored_frame
        self._supervisor = Supervisor(
            ray, SceneActor, device=str(payload.device), workers=workers, extra="video"
        )
        self._payload = ray.put(payload)
        self._scenes: Iterator[range] = iter(())
        self._to_resume: deque[range] = deque()
        self._assigned: dict[RayWorker, _Assignment] = {}

    def paint(self, scenes: Iterator[range]) -> Generator[tuple[int, FrameFile], None, None]:
        """Yield (number, frame) as frames are painted.

        Each must be stored before the next is requested from this generator. Raises NstError.
        """
        self._scenes = scenes
        try:
            while self._assign():
                for worker, number, result in self._supervisor.completed():
                    if isinstance(result, WorkerFailure):
                        self._after_loss(worker, number, result)
                        continue
                    if result is not None and number is not None:
                        yield number, cast(FrameFile, result)
                    self._request(worker)
        finally:
            self._supervisor.stop()

    def _assign(self) -> bool:
        """Assign scenes to idle and to new workers; return whether any worker has tasks.

        Scenes are searched for only while a worker is free. Raises ClusterError if no worker can start.
        """
        idle = [worker for worker in self._supervisor.workers if not worker.pending]
        while idle or self._supervisor.can_start:
            scene = self._to_resume.popleft() if self._to_resume else next(self._scenes, None)
            if scene is None:
                break
            worker = idle.pop() if idle else self._start_worker()
            self._assigned[worker] = _Assignment(scene, remaining=scene)
            worker.submit(scene.start, worker.actor.begin.remote(scene.start))
            self._request(worker)
        for worker in idle:
            del self._assigned[worker]
            self._supervisor.dismiss(worker)
        if self._to_resume:
            self._supervisor.check_any_left()
        return bool(self._supervisor.workers)

    def _start_worker(self) -> RayWorker:
        worker = self._supervisor.start()
        worker.submit(None, worker.actor.open.remote(self._payload))
        return worker

    def _request(self, worker: RayWorker) -> None:
        """Request the next frames of a worker's scene; send those that are painted already."""
        assigned, actor = self._assigned[worker], worker.actor
        while assigned.remaining and len(worker.pending) < QUEUED_FRAMES:
            number, assigned.remaining = assigned.remaining[0], assigned.remaining[1:]
            data = self._stored_frame(number)
            worker.submit(number, actor.paint.remote() if data is None else actor.skip.remote(data))

    def _after_loss(self, worker: RayWorker, number: int | None, lost: WorkerFailure) -> None:
        """Queue the scene of a lost worker again. Raises ClusterError after the last try."""
        if isinstance(lost.cause, NstError | MemoryError):  # it would fail on this machine, too
            raise lost.cause from None
        self._to_resume.appendleft(self._assigned.pop(worker).scene)
        if number is not None and lost.failures == TRIES:
            raise ClusterError(
                f"{TRIES} workers died while they painted frame {number + 1}: {lost.reason}",
                "the same command resumes; choose a smaller size if memory was short",
            )
