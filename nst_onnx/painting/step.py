"""The state of a run after one evaluation, as callers see it; and what every kind of run provides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.result import Result, to_image
from nst_onnx.support.arrays import Array

if TYPE_CHECKING:
    import PIL.Image


class Run(Protocol):
    """A stylisation: an optimised picture (`Painting`), or one painted in one pass (`OnePass`)."""

    def advance(self) -> Iterator[None]:
        """Evaluate, yield, until it is done."""

    def step(self) -> Step:
        """Return the state after the last evaluation."""

    def result(self) -> Result:
        """Return the best picture so far, at the final size."""

    @property
    def resumable(self) -> bool:
        """Whether it has checkpoints."""

    def checkpoint(self) -> Checkpoint:
        """Return all that the rest of the run depends on. Raises OptionError where it cannot resume."""

    def resume(self, checkpoint: Checkpoint) -> None:
        """Resume from a checkpoint of the same run. Raises OptionError where that is impossible."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The state after one evaluation. Pictures are rendered only when asked for.

    `scale`: index of the pyramid level, of `scales`; `shape`: its (H, W). `iteration`: evaluations so far
    over all levels, of about `iterations`. `losses`: total, content, style, tv, and each layer's own; empty
    for an instant picture. `seconds` since the start; `seconds_left`: an estimate.
    """

    scale: int
    scales: int
    shape: tuple[int, int]
    iteration: int
    iterations: int
    losses: dict[str, float]
    seconds: float
    seconds_left: float | None
    _render: Callable[[], Array] = field(repr=False)
    _run: Run = field(repr=False)

    @property
    def array(self) -> npt.NDArray[np.float32]:
        """The picture just evaluated, float32 H×W×3, RGB, 0..1, at this level's size."""
        return self._render()

    @property
    def image(self) -> PIL.Image.Image:
        """The picture just evaluated, as a Pillow image at this level's size."""
        return to_image(self.array, None)

    def result(self) -> Result:
        """The best picture so far, at the final size. Ask before the next step is taken."""
        return self._run.result()

    @property
    def resumable(self) -> bool:
        """Whether the run has checkpoints: not one in one pass."""
        return self._run.resumable

    def checkpoint(self) -> Checkpoint:
        """The state of the run, to resume from later. Ask before the next step is taken.

        Raises OptionError for a run that cannot resume.
        """
        return self._run.checkpoint()
