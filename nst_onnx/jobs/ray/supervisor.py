"""Supervisor of Ray actors: starts them, checks their version, counts their failures."""

from __future__ import annotations

import socket
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from nst_onnx.errors import ClusterError
from nst_onnx.jobs.ray.interface import ActorHandle, Ray, Reference
from nst_onnx.jobs.ray.resources import allocate, memory_limit
from nst_onnx.support import library_errors
from nst_onnx.version import __version__

TRIES = 3  # starts that fail one after the other, or failures during one item: then it is not chance
_POLL = 0.5  # seconds to wait for a result before the caller can check for a stop


class Host(NamedTuple):
    """An actor's answer to the handshake. `memory`: the bytes that it may use."""

    name: str
    version: str
    memory: int


class Actor:
    """Base class of our Ray actors. `cpus`: the processors that it may use, which also bounds its memory."""

    def __init__(self, cpus: float) -> None:
        super().__init__()
        self.cpus = cpus

    def handshake(self) -> Host:
        """Return what the supervisor checks before the actor gets work."""
        return Host(socket.gethostname(), __version__, memory_limit(self.cpus))


@dataclass(eq=False)
class RayWorker:
    """An actor and its pending tasks, in the order in which they were submitted.

    Each task is (item, reference): the item of work that it belongs to, None for the start-up.
    """

    actor: ActorHandle
    pending: deque[tuple[int | None, Reference]] = field(default_factory=deque)

    @property
    def item(self) -> int | None:
        """The item of the first pending task."""
        return self.pending[0][0] if self.pending else None

    def submit(self, item: int | None, task: Reference) -> None:
        """Add a pending task."""
        self.pending.append((item, task))


@dataclass(frozen=True)
class WorkerFailure:
    """A worker that died, or whose task failed. It is dismissed already.

    `cause`: the task's own exception, or Ray's if the actor died. `failures`: workers lost during this item.
    """

    cause: Exception
    reason: str
    failures: int


class Supervisor:
    """Keeps up to `allocation.workers` actors of one class in a cluster.

    The caller starts workers while `can_start`, submits tasks to them, and iterates over `completed`.
    """

    def __init__(
        self,
        ray: Ray,
        actor: type[Actor],
        *,
        device: str | None,
        workers: int | None,
        concurrency: int = 1,
        extra: str = "",
    ) -> None:
        """`actor`: its class. `device` and `workers` as in `allocate`.

        `concurrency`: methods that an actor may run at the same time. `extra`: the extra of the package that
        workers require in addition to cpu or gpu. Raises OptionError and ClusterError, as `allocate` does.
        """
        self.allocation = allocate(ray.nodes(), device, workers)
        self.workers: list[RayWorker] = []
        self._ray = ray
        self._actor = ray.remote(actor).options(
            num_cpus=self.allocation.cpus,
            num_gpus=self.allocation.gpus,
            max_concurrency=concurrency,
            scheduling_strategy="SPREAD",
        )
        more = extra and f",{extra}"
        self._requirement = (
            f"nst-onnx[cpu{more}] or [gpu{more}] must be installed on every machine of it, "
            "in the same version"
        )
        self._failed_starts = 0
        self._last_failure = ""
        self._failures: Counter[int] = Counter()

    @property
    def can_start(self) -> bool:
        """Whether another worker may be started."""
        return len(self.workers) < self.allocation.workers and self._failed_starts < TRIES

    def start(self) -> RayWorker:
        """Start a worker. Its first pending task is the handshake."""
        actor = self._actor.remote(self.allocation.cpus)
        worker = RayWorker(actor)
        worker.submit(None, actor.handshake.remote())
        self.workers.append(worker)
        return worker

    def wait_for_handshakes(self) -> list[Host]:
        """Wait until all workers have started. Raises ClusterError if one cannot, or has another version."""
        try:
            hosts = self._ray.get([worker.pending[0][1] for worker in self.workers])
        except self._ray.exceptions.RayError as error:
            reason = _reason(error)
            raise ClusterError(
                f"a worker of the cluster cannot begin: {reason}", self._requirement
            ) from error
        assert isinstance(hosts, list)
        for worker in self.workers:
            worker.pending.popleft()
        return [_checked(host) for host in hosts]

    def check_any_left(self) -> None:
        """Raise ClusterError if all workers are lost and too many starts failed to try again."""
        if not self.workers and self._failed_starts >= TRIES:
            raise ClusterError(f"no worker of the cluster can begin: {self._last_failure}", self._requirement)

    def completed(self) -> Iterator[tuple[RayWorker, int | None, object]]:
        """Wait a short while, and yield (worker, item, result) of finished tasks.

        The result is a `WorkerFailure` where the worker is lost. Every worker must have a pending task.
        Raises ClusterError for a worker of another version.
        """
        first = [worker.pending[0][1] for worker in self.workers]
        done, _ = self._ray.wait(first, timeout=_POLL)
        for worker in [worker for worker in self.workers if worker.pending[0][1] in done]:
            item, task = worker.pending[0]
            try:
                result = self._ray.get(task)
            except self._ray.exceptions.RayError as error:
                yield worker, item, self._lost(worker, item, error)
                continue
            worker.pending.popleft()
            if isinstance(result, Host):
                _checked(result)
                continue
            if item is not None:
                self._failed_starts = 0
            yield worker, item, result

    def dismiss(self, worker: RayWorker) -> None:
        """Kill a worker's actor."""
        self.workers.remove(worker)
        self._ray.kill(worker.actor)

    def stop(self) -> None:
        """Kill all actors."""
        for worker in [*self.workers]:
            self.dismiss(worker)

    def _lost(self, worker: RayWorker, item: int | None, error: Exception) -> WorkerFailure:
        self.dismiss(worker)
        cause = original_error(self._ray, error)
        reason = _reason(cause)
        if item is None:
            self._failed_starts += 1
            self._last_failure = reason
            return WorkerFailure(cause, reason, self._failed_starts)
        self._failures[item] += 1
        return WorkerFailure(cause, reason, self._failures[item])


def original_error(ray: Ray, error: Exception) -> Exception:
    """Return the exception that a task raised; a RayError itself if no task raised it.

    Task errors are nested if a task failed because another one's result, its argument, failed.
    """
    while isinstance(error, ray.exceptions.RayTaskError):
        cause = getattr(error, "cause", None)
        if not isinstance(cause, Exception):
            break
        error = cause
    return error


def _checked(host: Host) -> Host:
    """Return the host. Raises ClusterError if its version of this package is not ours."""
    if host.version != __version__:
        raise ClusterError(
            f"{host.name} has nst-onnx {host.version}, not {__version__}",
            "install the same version everywhere",
        )
    return host


def _reason(error: Exception) -> str:
    """Return one line of an error: the last, if an actor's constructor failed and Ray adds its traceback."""
    if getattr(error, "actor_init_failed", False):
        return str(error).strip().rpartition("\n")[2]
    return library_errors.of(error)
