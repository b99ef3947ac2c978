"""Team: the processes that hold the shards, called by method name; they pass results to each other."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Protocol

from nst_onnx.errors import OptionError
from nst_onnx.objective.shards.shard import Shard
from nst_onnx.support.arguments import shown

Pending = object
"""A result or a promise of one, or what stands for a shared argument."""
Returned = Any
"""What a method of `Shard` returns."""


class Team(Protocol):
    """Shards by number. What `ask` returns may be an argument of another call before it is there."""

    size: int
    threads: int
    """How many each may use, 0 for one per core."""
    memory: int
    """The most bytes that each may take."""
    ended: list[int]
    """Numbers of stages that are no longer required, for the shards to delete."""

    def ask(self, shard: int, method: str, *arguments: Pending) -> Pending:
        """Call a method of a shard after all earlier calls. Return its result, or a promise."""

    def get(self, promised: Sequence[Pending]) -> list[Returned]:
        """Wait for results. Raises NstError where a shard failed, or is gone."""

    def share(self, value: object) -> Pending:
        """Return what stands for a large argument that several shards receive."""


def checked(team: Team | None) -> Team | None:
    """Return a caller's team. Raises OptionError for anything else."""
    if team is not None and not all(hasattr(team, name) for name in ("size", "ask", "get", "share")):
        raise OptionError(f"team must be a team of processes, not {shown(team)}", "see shard_team.workers")
    return team


class LocalTeam:
    """All shards in this process, for tests and comparisons."""

    ended: list[int]

    def __init__(self, size: int) -> None:
        self.size, self.ended, self.threads, self.memory = size, [], 0, sys.maxsize
        self._shards = [Shard() for _ in range(size)]

    def ask(self, shard: int, method: str, *arguments: Pending) -> Pending:
        """Call the method at once, and return the result."""
        return getattr(self._shards[shard], method)(*arguments)

    def get(self, promised: Sequence[Pending]) -> list[Returned]:
        """Return the results, which are there."""
        return list(promised)

    def share(self, value: object) -> Pending:
        """Return the value itself."""
        return value


def ask_all(team: Team, method: str, *arguments: Pending) -> list[Returned]:
    """Call a method of all shards with the same arguments, and wait for their results."""
    return team.get([team.ask(i, method, *arguments) for i in range(team.size)])
