"""What is measured, and how long it may take."""

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
    """The options of a run. `sizes` None means: those of each part's own choice.

    `model`: a name or file as `nst-onnx --model` takes it. `levels`: after how many evaluations of the
    reference recipe its loss is to be reached. `seconds`: how long each group of things that are measured
    in turns may take, within a part's least and most rounds. `fresh`: compute the reference's losses
    anew. `kept`: the folder of those losses.
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
        """Return the sizes to measure, where a part's own choice is `sizes`."""
        return sizes if self.sizes is None else self.sizes
