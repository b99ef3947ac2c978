"""Protocols of a loaded model: what every backend's sessions provide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Tensor: TypeAlias = Any
"""A tensor on a device (onnxruntime.OrtValue)."""


class BoundSession(Protocol):
    """A session whose inputs and outputs are allocated: `run` allocates and copies nothing."""

    def write(self, name: str, array: Array) -> None:
        """Replace an input's contents; shape and dtype stay."""

    def feeds(self) -> dict[str, Array]:
        """Return the contents of every input."""

    def run(self) -> None:
        """Compute all outputs. Raises ModelError, or DeviceError where memory is short."""

    def read(self, name: str) -> Array:
        """Return an output's contents; may be a view that the next run overwrites."""


@runtime_checkable
class TensorSession(BoundSession, Protocol):
    """A bound session whose inputs and outputs are tensors on the device."""

    def tensor(self, name: str) -> Tensor:
        """Return the tensor of an input, to be written to, or of an output, valid until the next run."""


class Session(Protocol):
    """A model loaded on a device."""

    inputs: list[str]
    outputs: list[str]

    def run(self, feeds: Mapping[str, Array], outputs: Iterable[str]) -> dict[str, Array]:
        """Compute `outputs` once, from numpy arrays of any shape. `feeds` may name more than the inputs.

        Raises ModelError, or DeviceError where memory is short.
        """

    def bind(self, feeds: Mapping[str, Array], outputs: Mapping[str, tuple[int, ...]]) -> BoundSession:
        """Prepare repeated runs: `feeds` are copied now, `outputs` have these shapes and are float32."""
