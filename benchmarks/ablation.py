"""Ablation of the optimiser: evaluations to the reference recipe's losses for each variant.

    python -m benchmarks.ablation --size 256 --levels 100 300

Every variant starts from the content and stops at the last level's loss, or after `--most` evaluations. The
losses to reach are those kept under results/reference (see descent). Prints a Markdown table: each pair's
evaluations and their geometric mean; ">" where a loss was not reached.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from benchmarks import objectives, own_recipe, reference_recipe
from benchmarks.pairs import PAIRS, Pair
from nst_onnx import Objective
from nst_onnx.objective.sessions import Network
from nst_onnx.optim import LBFGS, Optimiser, Preconditioner
from nst_onnx.optim.correction_pairs import Scaling, geometric_mean_scaling, newest_pair_scaling
from nst_onnx.optim.lbfgs import LineSearch
from nst_onnx.painting.flat_objective import to_vector
from nst_onnx.painting.optimiser_settings import LONGEST_STEP, LOOKBACK
from nst_onnx.painting.optimiser_settings import PAIRS as HISTORY


class FixedPreconditioner(Preconditioner):
    """The preconditioner with its initial gains, never updated."""

    estimating = False


def recipe(
    kind: type[Preconditioner] | None, scaling: Scaling, history: int = HISTORY, lookback: int = LOOKBACK
) -> Callable[[Objective], Optimiser]:
    """H₀ = γ P, P of a kind (None: the identity), γ by `scaling`; `lookback`: see LineSearch."""

    def start(objective: Objective) -> Optimiser:
        x = to_vector(objective.content_picture)
        return LBFGS(
            x,
            preconditioner=kind(objective.shape) if kind else None,
            history=history,
            scaling=scaling,
            line_search=LineSearch(LONGEST_STEP, lookback),
        )

    return start


VARIANTS: dict[str, Callable[[Objective], Optimiser]] = {
    "plain L-BFGS": recipe(None, newest_pair_scaling),
    "plain, γ bold": recipe(None, geometric_mean_scaling),
    "P learnt, γ of the newest pair": recipe(Preconditioner, newest_pair_scaling),
    "P as it begins, γ bold": recipe(FixedPreconditioner, geometric_mean_scaling),
    "P learnt, γ bold (ours)": recipe(Preconditioner, geometric_mean_scaling),
    "ours, no step uphill": recipe(Preconditioner, geometric_mean_scaling, lookback=1),
    "ours, 10 pairs kept": recipe(Preconditioner, geometric_mean_scaling, 10),
    "ours, 40 pairs kept": recipe(Preconditioner, geometric_mean_scaling, 40),
}


def evaluations(
    objective: Objective, start: Callable[[Objective], Optimiser], targets: Sequence[float], most: int
) -> list[int | None]:
    """Return after how many evaluations each loss was reached, None for those that were not."""
    optimiser = start(objective)
    found: list[int | None] = [None] * len(targets)
    for count in range(1, most + 1):
        terms, gradient = objective.evaluate(own_recipe.picture(optimiser.x, objective.shape))
        loss = float(terms.sum(dtype=np.float64))
        optimiser.tell(loss, own_recipe.gradient(gradient))
        found = [
            count if was is None and loss <= wanted else was
            for was, wanted in zip(found, targets, strict=True)
        ]
        if None not in found:
            break
    return found


def rows(
    network: Network, pairs: Iterable[Pair], size: int, levels: Sequence[int], most: int, names: Sequence[str]
) -> Iterable[str]:
    """Yield the lines of the table, one for each variant and level."""
    reached: dict[tuple[str, int], list[int | None]] = {}
    included = []
    for pair in pairs:
        losses = reference_recipe.load(pair, size, network.extractor.facts).losses
        if len(losses) < max(levels):
            continue
        included.append(str(pair))
        objective = objectives.ours(network, pair, size)
        targets = [min(losses[:level]) for level in levels]
        for name in names:
            found = evaluations(objective, VARIANTS[name], targets, most)
            for level, count in zip(levels, found, strict=True):
                reached.setdefault((name, level), []).append(count)
    yield f"| variant | loss of the reference after | {' | '.join(included)} | geometric mean |"
    yield f"|{'---|' * (len(included) + 3)}"
    for (name, level), counts in reached.items():
        shown = [f"> {most}" if count is None else str(count) for count in counts]
        mean = f"{statistics.geometric_mean(count or most for count in counts):.0f}"
        if None in counts:
            mean = f"> {mean}"
        yield f"| {name} | {level} | {' | '.join(shown)} | {mean} |"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Evaluations to the reference recipe's losses.")
    parser.add_argument("--model", default="vgg19")
    parser.add_argument("--device", default=None)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--levels", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--pairs", type=int, nargs="+", default=list(range(len(PAIRS))), help="by number")
    chosen = parser.parse_args()
    network = Network.open(chosen.model, chosen.device)
    pairs = [PAIRS[i] for i in chosen.pairs]
    for line in rows(network, pairs, chosen.size, chosen.levels, chosen.most, chosen.variants):
        print(line, flush=True)


if __name__ == "__main__":
    main()
