"""The reference recipe, neural-style-pt's default, and its stored loss curves.

Random start (0.001 · N(0, 1) in grey levels around the network's mean colour), torch.optim.LBFGS with 100
pairs, learning rate 1 and no line search. Its losses depend on the pictures, the network and the seed alone,
and are slow to compute, so they are stored in ``results/reference``; times are not. PyTorch's L-BFGS runs on
our own fp32 gradient, faster than autograd's and within 1e-5 of it (`objectives.check` verifies that before
each measurement).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.pairs import Pair

if TYPE_CHECKING:
    import torch

    from nst_onnx import Objective
    from nst_onnx.models.metadata import Facts

HISTORY = 100
SEED = 0
FOLDER = Path(__file__).parent / "results" / "reference"
_SAVED_EVERY = 50  # evaluations: a run that is killed loses no more


@dataclass(frozen=True)
class Curve:
    """The reference recipe's loss at each evaluation, and the pictures and network they belong to."""

    pair: str
    pictures: str
    size: int
    model: str
    weights: str
    seed: int
    losses: list[float]

    def reached(self, evaluations: int) -> float | None:
        """Return the lowest loss within `evaluations`; None where the curve is shorter."""
        return min(self.losses[:evaluations]) if len(self.losses) >= evaluations else None

    def save(self, folder: Path) -> None:
        """Write the curve to its file in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = json.dumps(asdict(self), indent=0).replace(",\n", ", ").replace("], ", "],\n")
        (folder / self.name).write_text(lines + "\n")

    @property
    def name(self) -> str:
        return f"{self.pair}-{self.size}-{self.model}-{self.weights[:12]}.json"


def blank(pair: Pair, size: int, facts: Facts) -> Curve:
    """Return an empty curve for a pair at a size (longest side)."""
    return Curve(str(pair), pair.digest(), size, facts.name, facts.sha256, SEED, [])


def load(pair: Pair, size: int, facts: Facts, folder: Path = FOLDER) -> Curve:
    """Return the stored curve of these pictures; an empty one where there is none."""
    empty = blank(pair, size, facts)
    path = folder / empty.name
    if not path.is_file():
        return empty
    kept = Curve(**json.loads(path.read_text()))
    return kept if kept.pictures == empty.pictures and kept.seed == SEED else empty


def compute(
    objective: Objective,
    curve: Curve,
    evaluations: int,
    tell: Callable[[Curve], None],
    folder: Path = FOLDER,
) -> Curve:
    """Run the recipe and store the losses; `tell` is called after each evaluation."""
    import torch

    from benchmarks.objectives import grey_levels

    found = Curve(**{**asdict(curve), "losses": []})
    grey = grey_levels(objective.network.extractor)
    x = torch.from_numpy(start(objective.shape)).requires_grad_()

    def closure() -> torch.Tensor:
        terms, gradient = objective.evaluate(grey.picture(x.detach().numpy()))
        x.grad = torch.from_numpy(grey.levels_gradient(gradient))
        loss = float(terms.sum(dtype=np.float64))
        found.losses.append(float(f"{loss:.7g}"))
        if len(found.losses) % _SAVED_EVERY == 0 or len(found.losses) == evaluations:
            found.save(folder)
        tell(found)
        return torch.tensor(loss)

    optimiser(x, evaluations).step(closure)
    return found


def start(shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return the recipe's initial picture, float32 1×3×H×W in grey levels around the network's mean."""
    noise = np.random.default_rng(SEED).standard_normal((1, 3, *shape))
    return (0.001 * noise).astype(np.float32)


def optimiser(x: torch.Tensor, evaluations: int) -> torch.optim.LBFGS:
    """Return the recipe's optimiser; one `step` makes `evaluations` evaluations."""
    import torch

    return torch.optim.LBFGS(
        [x],
        lr=1,
        max_iter=evaluations,
        max_eval=evaluations,
        history_size=HISTORY,
        tolerance_grad=-1,
        tolerance_change=-1,
    )
