"""What is learnt from: batches of crops with the teacher's features, each looked at several times.

The teacher's features cost more than a step of the student's training. So a batch stays for a while among
a few others, and each step takes one of them at random; by then the student has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

KEPT = 16
"""Lessons at hand."""


@dataclass(frozen=True)
class Lesson:
    """A batch N×3×side×side in the teacher's domain, and what the teacher makes of it.

    `features` {layer: N×M×T}, one row for each position; `grams` {layer: N×T×T}, per position.
    """

    batch: Any
    features: Mapping[str, Any]
    grams: Mapping[str, Any]


@dataclass
class Lessons:
    """Lessons by step. Which one a step takes depends on the seed and the step alone: so runs can resume.

    `make`: from a lesson's number to the lesson. `looks`: how often each is looked at, on average.
    """

    make: Callable[[int], Lesson]
    looks: int
    seed: int
    _held: dict[int, Lesson] = field(default_factory=dict, repr=False)

    def __call__(self, step: int) -> Lesson:
        """Return the lesson of a step."""
        newest = step // self.looks
        oldest = max(0, newest - KEPT + 1)
        self._held = {number: lesson for number, lesson in self._held.items() if number >= oldest}
        for number in range(oldest, newest + 1):
            if number not in self._held:
                self._held[number] = self.make(number)
        rng = np.random.default_rng([self.seed, step])
        return self._held[oldest + int(rng.integers(newest - oldest + 1))]
