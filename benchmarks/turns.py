"""Interleaved timing: candidates take turns, so that all meet the same machine load."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

Tell = Callable[[str], None]
"""Receives a line of progress."""

PAUSE = 0.05
"""Seconds between two turns, in which the previous candidate's threads stop spinning."""


@dataclass(frozen=True)
class Spread:
    """Median, minimum and maximum of some numbers."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        return cls(statistics.median(numbers), min(numbers), max(numbers))

    def scaled(self, factor: float) -> Spread:
        """Return the spread in another unit."""
        return Spread(self.median * factor, self.low * factor, self.high * factor)

    def __str__(self) -> str:
        return f"{digits(self.median)} ({digits(self.low)}–{digits(self.high)})"


def digits(number: float) -> str:
    """Return a number with three significant digits, without an exponent between 1e-4 and 1e6."""
    if abs(number) < 1e6 and number == int(number):
        return str(int(number))
    if not 1e-4 <= abs(number) < 1e6:
        return f"{number:.2g}"
    decimals = 2 if abs(number) < 10 else 1 if abs(number) < 100 else 0
    return f"{number:.{decimals}f}" if abs(number) >= 1 else f"{number:.3g}"


def stopwatch(thing: Callable[[], object]) -> Callable[[], float]:
    """Return a function that calls `thing` and returns its seconds."""

    def timed() -> float:
        begun = time.perf_counter()
        thing()
        return time.perf_counter() - begun

    return timed


def take_turns(
    things: Mapping[str, Callable[[], float]], *, seconds: float, rounds: tuple[int, int], tell: Tell
) -> dict[str, list[float]]:
    """Return {name: seconds of each round}: each thing once a round, in rotating order.

    Each thing returns its seconds. After an uncounted warm-up round, as many rounds follow as fit into
    `seconds`, within `rounds` (minimum, maximum).
    """
    names = list(things)
    warm = sum(things[name]() for name in names)
    count = int(min(max(seconds / max(warm, 1e-9), rounds[0]), rounds[1]))
    tell(f"{count} rounds of {warm:.1f} s")
    found: dict[str, list[float]] = {name: [] for name in names}
    for i in range(count):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            time.sleep(PAUSE)
            found[name].append(things[name]())
    return found


def ratio(numbers: Sequence[float], reference: Sequence[float]) -> Spread:
    """Return the ratios of two interleaved measurements, round by round."""
    return Spread.of([a / b for a, b in zip(numbers, reference, strict=True)])
