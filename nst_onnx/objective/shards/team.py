"""Who holds the shards: processes that can be asked, and asked to hand results to each other."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Protocol

from nst_onnx.objective.shards.shard import Shard


class Team(Protocol):
    """Shards by number. What `ask` returns may be handed on as an argument before it is there."""

    size: int
    threads: int
    """How many each may use, 0 for one per core."""
    memory: int
    """The most bytes that each may take."""
    ended: list[int]
    """Stages that nobody needs any more, for the shards to forget."""

    def ask(self, shard: int, method: str, *arguments: Any) -> Any:
        """Let a shard do something after all that it was asked before. Return its result, or a promise."""

    def get(self, promised: Sequence[Any]) -> list[Any]:
        """Wait for results. Raises NstError where a shard failed, or is gone."""

    def share(self, value: Any) -> Any:
        """Return what stands for a large argument that several shards get."""


class Here:
    """All shards in this process, for tests, and to compare with."""

    ended: list[int]

    def __init__(self, size: int) -> None:
        self.size, self.ended, self.threads, self.memory = size, [], 0, sys.maxsize
        self._shards = [Shard() for _ in range(size)]

    def ask(self, shard: int, method: str, *arguments: Any) -> Any:
        """Do it at once, and return the result."""
        return getattr(self._shards[shard], method)(*arguments)

    def get(self, promised: Sequence[Any]) -> list[Any]:
        """Return the results, which are there."""
        return list(promised)

    def share(self, value: Any) -> Any:
        """Return the value itself."""
        return value


def everyone(team: Team, method: str, *arguments: Any) -> list[Any]:
    """Ask all shards the same, and wait for their results."""
    return team.get([team.ask(i, method, *arguments) for i in range(team.size)])
