"""Time and evaluations until a descent reaches the reference recipe's losses."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from benchmarks import objectives, reference_recipe
from benchmarks.engines import EXACT, Engine, opened
from benchmarks.own_recipe import current_picture, own_descent, total
from benchmarks.pairs import Pair
from benchmarks.reference_recipe import Curve
from benchmarks.reference_time import ReferenceTime
from benchmarks.report import Part
from benchmarks.setting import Setting
from benchmarks.turns import Spread, digits, stopwatch
from nst_onnx import Objective
from nst_onnx.objective.sessions import Network

SIZES = (256, 512)
TURN_EVERY = 8  # our evaluations between two of the reference
NEAR = 1.02  # a loss below NEAR × the target is re-evaluated in fp32 with all terms
ABOUT = """
Time and evaluations until our descent reaches the loss that the reference recipe (neural-style-pt's: random
start, torch.optim.LBFGS with 100 pairs, learning rate 1, no line search) reaches in a given number of
evaluations. Same objective, same pictures, longest side as given. Ours starts from the content, with the
package's own optimiser. Ratios are geometric means over the pairs, in brackets those of the best and the
worst pair. The reference's time is that of its evaluations in PyTorch's best float32 configuration (median,
interleaved with ours) and of its optimiser's steps. After a switch, one uncounted evaluation warms the
caches. Losses in bfloat16, or without pruned terms, are re-evaluated with all terms in float32. Of several
engines of the same precision the fastest is used.
"""
HEADER = ("", "pairs", "our evaluations", "÷ reference's", "seconds ÷ reference's", "optimiser's share")


@dataclass(frozen=True)
class Reached:
    """Our cost of reaching the loss that the reference recipe reaches in `level` evaluations.

    `seconds` are ours, `share` is the optimiser's fraction of them. `reached` is false where `level`
    evaluations did not suffice; `seconds` are then those of `level` evaluations.
    """

    pair: str
    size: int
    engine: str
    level: int
    loss: float
    reached: bool
    evaluations: int
    seconds: float
    share: float
    reference_evaluation: Sequence[float]
    reference_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.reference_seconds


def run(setting: Setting) -> Part:
    """Descend on every pair, at every size, in every precision."""
    part = Part("Time to the same loss", ABOUT, HEADER)
    networks = opened(setting.engines, setting.model, setting.tell)
    exact = networks.get(EXACT) or EXACT.open(setting.model)
    found: list[Reached] = []
    for size in setting.chosen(*SIZES):
        chosen = fastest(networks, setting.pairs[0], size)
        for pair in setting.pairs:
            curve = reference_curve(setting, chosen.get("fp32", exact), pair, size)
            if not target_losses(curve, setting.levels):
                part.notes.append(f"{pair} at {size} px is left out: no losses of the reference are kept")
                continue
            judge = objectives.ours(exact, pair, size)
            reference = ReferenceTime(judge)
            for network in chosen.values():
                engine = next(e for e, n in networks.items() if n is network)
                setting.tell(f"descent: {pair}, {size} px, {engine}")
                objective = objectives.ours(network, pair, size)
                found += descend(objective, judge, engine, curve, setting.levels, reference)
    part.records += [{**asdict(one), "ratio": one.ratio} for one in found]
    for sizes in dict.fromkeys(
        [*((one.size,) for one in found), tuple(dict.fromkeys(o.size for o in found))]
    ):
        part.rows += rows(sizes, [one for one in found if one.size in sizes])
    part.notes += [
        f"{one.pair}, {one.size} px, {one.engine}: not as low as the reference after {one.level} evaluations"
        for one in found
        if not one.reached
    ]
    return part


def rows(sizes: Sequence[int], found: Sequence[Reached]) -> Iterable[Sequence[str]]:
    """Yield the table rows of some sizes, one for each level and engine."""
    yield (f"**{' and '.join(map(str, sizes))} px**", *[""] * (len(HEADER) - 1))
    for level, engine in dict.fromkeys((one.level, one.engine) for one in found):
        group = [one for one in found if (one.level, one.engine) == (level, engine)]
        yield (
            f"reference's {level} evaluations: {engine}",
            str(len(group)),
            str(Spread.of([one.evaluations for one in group])),
            mean_ratio([one.evaluations / level for one in group]),
            mean_ratio([one.ratio for one in group]),
            f"{100 * statistics.median(one.share for one in group):.1f} %",
        )


def mean_ratio(ratios: Sequence[float]) -> str:
    """Return the geometric mean, the least and the greatest."""
    return f"{digits(statistics.geometric_mean(ratios))} ({digits(min(ratios))}–{digits(max(ratios))})"


def fastest(networks: Mapping[Engine, Network], pair: Pair, size: int) -> dict[str, Network]:
    """Return {precision: the network on the engine that evaluates fastest}."""
    times: dict[str, list[tuple[float, Network]]] = {}
    for engine, network in networks.items():
        objective = objectives.ours(network, pair, size)
        evaluate = stopwatch(partial(objective.evaluate, objectives.trial_picture(objective)))
        times.setdefault(engine.precision, []).append((min(evaluate() for _ in range(4)), network))
    return {precision: min(some, key=lambda timed: timed[0])[1] for precision, some in times.items()}


def reference_curve(setting: Setting, network: Network, pair: Pair, size: int) -> Curve:
    """Return the reference's losses: the stored ones, or computed with `fresh`.

    The last level is slow, so it is computed for the first pair at the smallest size only.
    """
    kept = reference_recipe.load(pair, size, network.extractor.facts, setting.kept)
    if not setting.fresh:
        return kept
    first = pair == setting.pairs[0] and size == min(setting.chosen(*SIZES))
    evaluations = setting.levels[-1] if first else setting.levels[:-1][-1]

    def tell(curve: Curve) -> None:
        if len(curve.losses) % 10 == 0:
            setting.tell(f"reference recipe: {pair}, {size} px, {len(curve.losses)} of {evaluations}")

    objective = objectives.ours(network, pair, size)
    return reference_recipe.compute(objective, kept, evaluations, tell, setting.kept)


def target_losses(curve: Curve, levels: Sequence[int]) -> list[tuple[int, float]]:
    """Return (evaluations, loss) of the levels that the reference reached."""
    return [(level, loss) for level in levels if (loss := curve.reached(level)) is not None]


def descend(
    objective: Objective,
    judge: Objective,
    engine: Engine,
    curve: Curve,
    levels: Sequence[int],
    reference: ReferenceTime,
) -> list[Reached]:
    """Take steps until every target is reached, interleaved with evaluations of the reference."""
    targets = target_losses(curve, levels)
    found: list[dict[str, Any]] = []
    evaluated, optimised = 0.0, 0.0  # seconds
    count = 0
    reference.evaluations.clear()
    begun = time.perf_counter()
    descent = own_descent(objective)
    optimised += time.perf_counter() - begun
    disturbed = True
    while targets:
        if disturbed:  # other code has run since: warm the caches as in an uninterrupted run
            descent.warm_up()
        begun, disturbed = time.perf_counter(), False
        loss = descent.evaluate()
        evaluated, count = evaluated + time.perf_counter() - begun, count + 1
        exact = engine.precision == "fp32" and not descent.pruned
        if not exact and loss <= targets[0][1] * NEAR:
            loss, disturbed = total(judge.evaluate(current_picture(descent))[0]), True
        while targets and (loss <= targets[0][1] or count >= targets[0][0]):
            level, low = targets.pop(0)
            spent = evaluated + optimised
            found.append(
                {
                    "level": level,
                    "loss": low,
                    "reached": loss <= low,
                    "evaluations": count,
                    "seconds": spent,
                    "share": optimised / spent,
                }
            )
        begun = time.perf_counter()
        descent.step()
        optimised += time.perf_counter() - begun
        if count % TURN_EVERY == 1:
            reference.turn()
            disturbed = True
    return [
        Reached(
            pair=curve.pair,
            size=curve.size,
            engine=str(engine),
            reference_evaluation=list(reference.evaluations),
            reference_seconds=reference.seconds(one["level"]),
            **one,
        )
        for one in found
    ]
