"""A picture too large for one machine: its shards are actors of Ray, which hand rows to each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nst_onnx.cluster.connect import connect
from nst_onnx.cluster.share import share
from nst_onnx.errors import ClusterError, NstError
from nst_onnx.shards.shard import Shard
from nst_onnx.shards.team import everyone
from nst_onnx.version import __version__

_GONE = "a worker of the cluster died, and with it its part of the picture"
_RESUME = "give --resume FILE: with a saved state, the run goes on from the best picture so far"


class RayTeam:
    """Shards in a cluster."""

    ended: list[int]

    def __init__(self, ray: Any, device: str | None = None, workers: int | None = None) -> None:
        """`ray`: the module, connected. `workers`: None for as many as suit the cluster.

        Raises ClusterError where the cluster has nothing to compute with, or another version.
        """
        each = share(ray.nodes(), device, workers)
        self.size, self.ended, self.threads = each.workers, [], max(1, int(each.cpus))
        self.cpus = each.cpus
        self._ray = ray
        options = {"num_cpus": each.cpus, "num_gpus": each.gpus, "scheduling_strategy": "SPREAD"}
        self._actors = [ray.remote(Shard).options(**options).remote() for _ in range(self.size)]
        others = set(everyone(self, "version")) - {__version__}
        if others:
            raise ClusterError(
                f"a machine of the cluster has nst-onnx {others.pop()}, not {__version__}",
                "install the same version everywhere",
            )

    def ask(self, shard: int, method: str, *arguments: Any) -> Any:
        """Return a promise of what an actor will have done."""
        return getattr(self._actors[shard], method).remote(*arguments)

    def get(self, promised: Sequence[Any]) -> list[Any]:
        """Wait for results. Raises NstError where a shard failed, ClusterError where it is gone."""
        errors = self._ray.exceptions
        try:
            found: list[Any] = self._ray.get(list(promised))
        except errors.RayTaskError as error:
            if isinstance(error.cause, NstError | MemoryError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            raise ClusterError(_GONE, _RESUME) from error
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
    """
    with connect(address) as ray:
        team = RayTeam(ray, device, count)
        try:
            yield team
        finally:
            team.dismiss()
