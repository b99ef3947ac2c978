from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from support import exporter

lessons = exporter.module("distil.batches")


class School:
    """Lessons that know their number, and all of them that were made."""

    def __init__(self, looks: int = 3, seed: int = 0) -> None:
        self.made: list[int] = []
        self.lessons = lessons.Lessons(self._make, looks, seed)

    def _make(self, number: int) -> SimpleNamespace:
        self.made.append(number)
        assert len(self.lessons._held) < lessons.KEPT  # so that never more are at hand
        return SimpleNamespace(number=number)

    def numbers(self, *steps: int) -> list[int]:
        """Return which lesson each of range(*steps) takes."""
        return [self.lessons(step).number for step in range(*steps)]


@pytest.mark.parametrize("looks", [1, 2, 3, 5])
def test_each_lesson_is_looked_at_so_often_on_average(looks: int) -> None:
    school = School(looks)
    steps = 300 * looks
    taken = Counter(school.numbers(steps))
    assert school.made == list(range(300))  # once each, when the first step needs it
    settled = range(lessons.KEPT, 300 - lessons.KEPT)  # the first have fewer beside them, the last no future
    often = np.array([taken[number] for number in settled])
    # One lesson's number of looks varies by √looks; five standard errors.
    assert abs(often.mean() - looks) < 5 * np.sqrt(looks / len(often))


def test_each_lesson_at_hand_is_as_likely() -> None:
    looks, steps = 3, 6000
    school = School(looks)
    ages = Counter(step // looks - number for step, number in enumerate(school.numbers(steps)))
    assert set(ages) == set(range(lessons.KEPT))
    for count in ages.values():
        assert abs(count - steps / lessons.KEPT) < 5 * np.sqrt(steps / lessons.KEPT)


@pytest.mark.parametrize("resumed_at", [1, 2, 3, 50, 100])
def test_which_lesson_a_step_takes_does_not_depend_on_where_a_run_was_resumed(resumed_at: int) -> None:
    whole, resumed = School(), School()
    expected = whole.numbers(120)
    assert resumed.numbers(resumed_at, 120) == expected[resumed_at:]
    newest = resumed_at // 3
    assert resumed.made == [number for number in whole.made if number > newest - lessons.KEPT]


def test_seeds_differ() -> None:
    assert School(seed=0).numbers(60) == School(seed=0).numbers(60) != School(seed=1).numbers(60)
