"""The schedule: pyramid levels, the evaluations of each, and the work that they amount to."""

from __future__ import annotations

from collections.abc import Sequence

from nst_onnx.painting.pyramid import Shape

_PREPARATION = 2.0  # of a level: its targets cost as much as so many evaluations, at 0.2 to 5 megapixels


class Schedule:
    """Position in the pyramid: `level`, and `count` evaluations of it.

    `shapes`: (H, W) of each level. `budgets`: evaluations of each. `margin`: pixels by which
    the network's input is larger than the picture on each side. `costs`: of an evaluation's pixel at each
    level, relative to the others; None: all alike. Budgets shrink where a level ends early.
    """

    def __init__(
        self,
        shapes: Sequence[Shape],
        budgets: Sequence[int],
        margin: int,
        costs: Sequence[float] | None = None,
    ) -> None:
        self.shapes, self.budgets, self._margin = tuple(shapes), list(budgets), margin
        self._costs = tuple(costs or [1.0] * len(self.shapes))
        self.level, self.count = 0, 0

    @property
    def shape(self) -> Shape:
        """(H, W) of the current level."""
        return self.shapes[self.level]

    @property
    def budget(self) -> int:
        """Evaluations of the current level."""
        return self.budgets[self.level]

    @property
    def evaluations(self) -> int:
        """Evaluations in all."""
        return sum(self.budgets)

    @property
    def last_level(self) -> bool:
        """Whether the current level is the finest."""
        return self.level + 1 == len(self.shapes)

    def end_level(self) -> None:
        """Give the current level no further evaluations."""
        self.budgets[self.level] = self.count

    def next_level(self) -> None:
        """Move to the next finer level."""
        self.end_level()  # cut short by the time budget, it would otherwise count as work left
        self.level, self.count = self.level + 1, 0

    def resume(self, level: int, count: int, budgets: Sequence[int]) -> None:
        """Set the position, as a checkpoint holds it."""
        self.level, self.count, self.budgets = level, count, list(budgets)

    def work(self) -> list[float]:
        """Return each level's work: (evaluations + preparation) × input pixels with margin × cost.

        On the CPU an evaluation's time is proportional to the pixels within a tenth, from 100 to 512 a side.
        """
        seen = 2 * self._margin
        return [
            (budget + _PREPARATION) * (height + seen) * (width + seen) * cost
            for budget, (height, width), cost in zip(self.budgets, self.shapes, self._costs, strict=True)
        ]

    def done(self) -> float:
        """Return the work done so far."""
        work = self.work()
        share = (self.count + _PREPARATION) / (self.budget + _PREPARATION)
        return sum(work[: self.level]) + work[self.level] * share
