"""The clock: time spent, the time budget, and the estimate of the time left."""

from __future__ import annotations

import time

from nst_onnx.painting.schedule import Schedule


class Clock:
    """Seconds of a run against its schedule. `seconds`: spent so far, in earlier runs of it as well.

    `limit`: the time budget in seconds, counted from where this run starts or resumes; None for none.
    """

    def __init__(self, schedule: Schedule, limit: float | None) -> None:
        self._schedule, self._limit = schedule, limit
        self.seconds = 0.0
        self._begun = 0.0
        self._before = 0.0, 0.0  # seconds and work of the runs that this one resumes
        self._timed: list[tuple[float, float]] = []  # (seconds, work done) after each evaluation

    def start(self, *, resumed: bool) -> None:
        """Start to count."""
        self._begun = time.monotonic() - self.seconds
        self._before = self.seconds, self._schedule.done() if resumed else 0.0

    def record(self, untypical: float = 0.0) -> None:
        """Record an evaluation. `untypical`: seconds that the rate excludes."""
        if untypical:
            self._timed = [(seconds + untypical, done) for seconds, done in self._timed]
        self.seconds = time.monotonic() - self._begun
        self._timed.append((self.seconds, self._schedule.done()))

    def level_is_over(self) -> bool:
        """Whether the current level has used its share of the time; never before its first evaluation."""
        if self._limit is None or self._schedule.count == 0 or not self._timed:
            return False
        work, (seconds, done) = self._schedule.work(), self._before
        share = (sum(work[: self._schedule.level + 1]) - done) / (sum(work) - done)
        return self.seconds - seconds >= self._limit * share

    def is_over(self) -> bool:
        """Whether the time budget is spent."""
        return self._limit is not None and self.seconds - self._before[0] >= self._limit

    @property
    def seconds_left(self) -> float | None:
        """An estimate from this run's evaluations; None after fewer than two."""
        if len(self._timed) < 2:
            return None
        # The first evaluation also allocates and tunes: the rate is taken from what follows it.
        (first, before), (now, done) = self._timed[0], self._timed[-1]
        left = (now - first) * (sum(self._schedule.work()) - done) / (done - before)
        if self._limit is None:
            return left
        return max(0.0, min(left, self._limit + self._before[0] - self.seconds))
