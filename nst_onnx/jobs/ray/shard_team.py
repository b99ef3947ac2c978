"""A picture too large for one machine: its shards are actors of Ray, which hand rows to each other."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from nst_onnx.errors import ClusterError, NstError, OptionError
from nst_onnx.jobs.ray.connect import connect
from nst_onnx.jobs.ray.resources import memory, share
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.shards.shard import Facts, Shard
from nst_onnx.runtime import Device
from nst_onnx.version import __version__

_GONE = "a worker of the cluster died, and with it its part of the picture"
_RESUME = "start the same command again; with --resume FILE it goes on from the best picture so far"
_INSTALL = "nst-onnx[cpu] or [gpu] must be installed on every machine of it, in the same version"


class RemoteShard(Shard):
    """An actor of Ray, which has `cpus` of its machine's processors, and sees no GPU but its own."""

    def __init__(self, cpus: float) -> None:
        super().__init__()
        self._cpus = cpus

    def place(self) -> tuple[str, str, int]:
        """Return the machine's name, the version of nst-onnx there, and the bytes that it may take."""
        return socket.gethostname(), __version__, memory(self._cpus)

    def begin(self, stage: int, extractor: Extractor, device: Device, *more: Any) -> Facts:
        """Do as any shard, on its own GPU: the first."""
        return super().begin(stage, extractor, replace(device, index=0), *more)


class RayTeam:
    """Shards in a cluster."""

    ended: list[int]

    def __init__(self, ray: Any, device: str | None = None, workers: int | None = None) -> None:
        """`ray`: the module, connected. `workers`: None for as many as suit the cluster.

        Raises OptionError for less than one, ClusterError where the cluster has nothing to compute with,
        where no worker can begin, or with another version.
        """
        if workers is not None and workers < 1:
            raise OptionError(f"there must be at least one worker, not {workers}")
        each = share(ray.nodes(), device, workers)
        self.size, self.ended, self.threads = each.workers, [], max(1, int(each.cpus))
        self._ray = ray
        options = {"num_cpus": each.cpus, "num_gpus": each.gpus, "scheduling_strategy": "SPREAD"}
        self._actors = [
            ray.remote(RemoteShard).options(**options).remote(each.cpus) for _ in range(self.size)
        ]
        try:
            self.memory = min(self._welcome())
        except BaseException:
            self.dismiss()
            raise

    def _welcome(self) -> Iterator[int]:
        """Wait for all to be there, and yield how many bytes each may take."""
        try:
            places = self._ray.get([actor.place.remote() for actor in self._actors])
        except self._ray.exceptions.RayError as error:
            reason = str(error).strip().rpartition("\n")[2]
            raise ClusterError(f"a worker of the cluster cannot begin: {reason}", _INSTALL) from error
        for machine, version, size in places:
            if version != __version__:
                raise ClusterError(
                    f"{machine} has nst-onnx {version}, not {__version__}",
                    "install the same version everywhere",
                )
            yield size

    def ask(self, shard: int, method: str, *arguments: Any) -> Any:
        """Return a promise of what an actor will have done."""
        return getattr(self._actors[shard], method).remote(*arguments)

    def get(self, promised: Sequence[Any]) -> list[Any]:
        """Wait for results. Raises NstError where a shard failed, ClusterError where it is gone."""
        errors = self._ray.exceptions
        try:
            found: list[Any] = self._ray.get(list(promised))
        except errors.RayError as error:
            cause = error
            while isinstance(cause, errors.RayTaskError):  # it may have failed for want of another's result
                cause = cause.cause
            if isinstance(cause, NstError | MemoryError):
                raise cause from None
            if isinstance(cause, errors.RayError):
                raise ClusterError(_GONE, _RESUME) from error
            raise
        return found

    def share(self, value: Any) -> Any:
        """Put a value where all actors can get it."""
        return self._ray.put(value)

    def dismiss(self) -> None:
        """Let the actors go."""
        for actor in self._actors:
            self._ray.kill(actor)


@contextmanager
def workers(address: str = "", *, device: str | None = None, count: int | None = None) -> Iterator[RayTeam]:
    """Yield a team in the cluster at `address` (see `connect`): `Stylizer`'s `team`, until the block ends.

    `device`: as in `Stylizer`. `count`: how many workers; None for as many as suit the cluster.
    Raises OptionError and ClusterError.
    """
    with connect(address) as ray:
        team = RayTeam(ray, device, count)
        try:
            yield team
        finally:
            team.dismiss()
