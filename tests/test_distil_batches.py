from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from support import exporter

batches = exporter.module("distil.batches")


class Recorder:
    """A replay buffer of numbered batches, and the numbers of those made, in order."""

    def __init__(self, looks: int = 3, seed: int = 0) -> None:
        self.made: list[int] = []
        self.buffer = batches.ReplayBuffer(self._make, looks, seed)

    def _make(self, number: int) -> SimpleNamespace:
        self.made.append(number)
        assert len(self.buffer._buffer) < batches.CAPACITY  # never above the capacity
        return SimpleNamespace(number=number)

    def numbers(self, *steps: int) -> list[int]:
        """Return the batch of each of range(*steps)."""
        return [self.buffer(step).number for step in range(*steps)]


@pytest.mark.parametrize("looks", [1, 2, 3, 5])
def test_each_batch_is_used_so_often_on_average(looks: int) -> None:
    recorder = Recorder(looks)
    steps = 300 * looks
    taken = Counter(recorder.numbers(steps))
    assert recorder.made == list(range(300))  # once each, when the first step needs it
    settled = range(
        batches.CAPACITY, 300 - batches.CAPACITY
    )  # the first have fewer beside them, the last no future
    often = np.array([taken[number] for number in settled])
    # The number of uses of a batch varies by √looks; five standard errors.
    assert abs(often.mean() - looks) < 5 * np.sqrt(looks / len(often))


def test_each_batch_in_the_buffer_is_as_likely() -> None:
    looks, steps = 3, 6000
    recorder = Recorder(looks)
    ages = Counter(step // looks - number for step, number in enumerate(recorder.numbers(steps)))
    assert set(ages) == set(range(batches.CAPACITY))
    for count in ages.values():
        assert abs(count - steps / batches.CAPACITY) < 5 * np.sqrt(steps / batches.CAPACITY)


@pytest.mark.parametrize("resumed_at", [1, 2, 3, 50, 100])
def test_the_batch_of_a_step_does_not_depend_on_where_a_run_was_resumed(resumed_at: int) -> None:
    whole, resumed = Recorder(), Recorder()
    expected = whole.numbers(120)
    assert resumed.numbers(resumed_at, 120) == expected[resumed_at:]
    newest = resumed_at // 3
    assert resumed.made == [number for number in whole.made if number > newest - batches.CAPACITY]


def test_seeds_differ() -> None:
    assert Recorder(seed=0).numbers(60) == Recorder(seed=0).numbers(60) != Recorder(seed=1).numbers(60)
