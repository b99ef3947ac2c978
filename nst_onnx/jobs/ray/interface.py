"""Typing protocols for the part of Ray's interface that is used here; Ray itself is optional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypedDict

Reference = object
"""An ``ObjectRef``: the result of a task, which may not exist yet."""


class Node(TypedDict):
    """A machine in ``ray.nodes()``. `Resources`: amounts by name ("CPU", "GPU")."""

    Alive: bool
    Resources: Mapping[str, float]


class RemoteMethod(Protocol):
    """A method of an actor."""

    def remote(self, *arguments: object) -> Reference:
        """Submit a task that calls the method."""


class ActorHandle(Protocol):
    """A running actor; its attributes are the methods of its class."""

    def __getattr__(self, name: str) -> RemoteMethod:
        """Return a method."""


class ActorClass(Protocol):
    """A class whose instances are actors."""

    def options(self, **options: object) -> ActorClass:
        """Return the class with the resources of its actors set."""

    def remote(self, *arguments: object) -> ActorHandle:
        """Start an actor."""


class Exceptions(Protocol):
    """The module ``ray.exceptions``."""

    RayError: type[Exception]
    RayTaskError: type[Exception]
    """Raised where a task raised; the task's exception is its `cause`."""


class Ray(Protocol):
    """The module ``ray``, connected to a cluster."""

    @property
    def exceptions(self) -> Exceptions:
        """The module of its exceptions."""

    def nodes(self) -> Sequence[Node]:
        """Return the machines of the cluster."""

    def remote(self, cls: type) -> ActorClass:
        """Return an actor class."""

    def put(self, value: object) -> Reference:
        """Store a value in the cluster."""

    def get(self, references: Reference) -> object:
        """Wait for one result, or for a list of them."""

    def wait(self, references: list[Reference], *, timeout: float) -> tuple[list[Reference], list[Reference]]:
        """Wait up to `timeout` seconds for one result. Return the finished and the pending references."""

    def kill(self, actor: ActorHandle) -> None:
        """End an actor's process at once."""
