"""Replay buffer of training batches with their teacher features.

The teacher's forward pass costs more than a training step of the student. So each batch is used in several
steps: a step samples one of the newest batches at random, and by then the student has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

CAPACITY = 16
"""Batches in the buffer."""


@dataclass(frozen=True)
class TeacherBatch:
    """A batch of pictures N×3×side×side in the teacher's domain, with the teacher's features of it.

    `features` {layer: N×M×T}, one row for each position; `grams` {layer: N×T×T}, per position.
    """

    pictures: torch.Tensor
    features: Mapping[str, torch.Tensor]
    grams: Mapping[str, torch.Tensor]


@dataclass
class ReplayBuffer:
    """The batch of each step, a function of seed and step alone, so that runs can resume.

    `make`: returns batch `number`. `looks`: mean number of steps that use a batch.
    """

    make: Callable[[int], TeacherBatch]
    looks: int
    seed: int
    _buffer: dict[int, TeacherBatch] = field(default_factory=dict, repr=False)

    def __call__(self, step: int) -> TeacherBatch:
        """Return the batch of a step."""
        newest = step // self.looks
        oldest = max(0, newest - CAPACITY + 1)
        self._buffer = {number: batch for number, batch in self._buffer.items() if number >= oldest}
        for number in range(oldest, newest + 1):
            if number not in self._buffer:
                self._buffer[number] = self.make(number)
        rng = np.random.default_rng([self.seed, step])
        return self._buffer[oldest + int(rng.integers(newest - oldest + 1))]
