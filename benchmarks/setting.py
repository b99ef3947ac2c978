"""Options of a benchmark run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import reference_recipe
from benchmarks.engines import ENGINES, Engine
from benchmarks.pairs import PAIRS, Pair
from benchmarks.turns import Tell


@dataclass(frozen=True)
class Setting:
    """The options of a run. `sizes` None: each part's own.

    `model`: a name or file as of `nst-onnx --model`. `levels`: numbers of the reference recipe's evaluations
    whose losses are the targets. `seconds`: time limit for each interleaved group, within a part's minimum
    and maximum number of rounds. `fresh`: recompute the reference's losses. `kept`: the folder of those
    losses.
    """

    model: str
    tell: Tell
    sizes: Sequence[int] | None = None
    pairs: Sequence[Pair] = PAIRS
    engines: Sequence[Engine] = ENGINES
    levels: Sequence[int] = (100, 300, 1000)
    seconds: float = 60.0
    fresh: bool = False
    kept: Path = reference_recipe.FOLDER

    def chosen(self, *sizes: int) -> Sequence[int]:
        """Return the sizes to measure; `sizes` are a part's own."""
        return sizes if self.sizes is None else self.sizes
