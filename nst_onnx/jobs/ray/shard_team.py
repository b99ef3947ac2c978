"""Shard team in a Ray cluster: one picture is distributed over actors, which exchange halo rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from nst_onnx.errors import ClusterError, NstError
from nst_onnx.jobs.ray.connect import connect
from nst_onnx.jobs.ray.interface import Ray, Reference
from nst_onnx.jobs.ray.supervisor import Actor, Supervisor, original_error
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.shards.shard import Facts, Shard
from nst_onnx.objective.shards.stage import Part
from nst_onnx.objective.terms import Terms
from nst_onnx.runtime import Device

_LOST = "a worker of the cluster died, and with it its part of the picture"
_RESUME = "start the same command again; with --resume FILE it resumes from the best picture so far"


class ShardActor(Actor, Shard):
    """Ray actor that holds one shard."""

    def begin(
        self,
        stage: int,
        extractor: Extractor,
        device: Device,
        threads: int,
        terms: Terms,
        part: Part,
        masks: Masks | None,
    ) -> Facts:
        """Begin a stage as any shard does, on the only GPU that Ray makes visible to the actor."""
        return super().begin(stage, extractor, replace(device, index=0), threads, terms, part, masks)


class RayTeam:
    """A `nst_onnx.objective.shards.team.Team` of Ray actors.

    The state of a lost actor cannot be restored, so a loss ends the run with ClusterError.
    """

    ended: list[int]

    def __init__(self, ray: Ray, device: str | None = None, workers: int | None = None) -> None:
        """`ray`: the module, connected. `workers`: None to derive it from the cluster.

        Raises OptionError for less than one worker, ClusterError if the cluster has no suitable resources,
        or a worker cannot start or has another version.
        """
        self._ray = ray
        self._supervisor = Supervisor(ray, ShardActor, device=device, workers=workers)
        allocation = self._supervisor.allocation
        self.size, self.ended, self.threads = allocation.workers, [], max(1, int(allocation.cpus))
        try:
            self._actors = [self._supervisor.start().actor for _ in range(self.size)]
            self.memory = min(host.memory for host in self._supervisor.wait_for_handshakes())
        except BaseException:
            self.stop()
            raise

    def ask(self, shard: int, method: str, *arguments: object) -> Reference:
        """Submit a call of a shard's method, and return the reference of its result."""
        return getattr(self._actors[shard], method).remote(*arguments)

    def get(self, promised: Sequence[Reference]) -> list[object]:
        """Wait for results. Raises NstError if a shard failed, ClusterError if one is lost."""
        errors = self._ray.exceptions
        try:
            results = self._ray.get(list(promised))
        except errors.RayError as error:
            cause = original_error(self._ray, error)
            if isinstance(cause, NstError | MemoryError):
                raise cause from None
            if isinstance(cause, errors.RayError):
                raise ClusterError(_LOST, _RESUME) from error
            raise
        assert isinstance(results, list)
        return results

    def share(self, value: object) -> Reference:
        """Store a value in the cluster, once for all actors."""
        return self._ray.put(value)

    def stop(self) -> None:
        """Kill the actors."""
        self._supervisor.stop()


@contextmanager
def workers(address: str = "", *, device: str | None = None, count: int | None = None) -> Iterator[RayTeam]:
    """Yield a shard team in the cluster at `address` (see `connect`), for `Stylizer(team=…)`.

    The team exists until the block ends. `device`: as in `Stylizer`. `count`: the number of workers, None to
    derive it from the cluster. Raises OptionError and ClusterError.
    """
    with connect(address) as ray:
        team = RayTeam(ray, device, count)
        try:
            yield team
        finally:
            team.stop()
