"""Seconds for one loss and gradient, ours and PyTorch's, of the same objective at the same picture."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import machine, objectives
from benchmarks.engines import Engine, opened
from benchmarks.objectives import Subject
from benchmarks.report import Part
from benchmarks.setting import Setting
from benchmarks.turns import Spread, ratio, stopwatch, take_turns
from nst_onnx.objective.sessions import Network

SIZES = (256, 512, 1024)
ROUNDS = (3, 12)
MEMORY, MEMORY_PER_PIXEL = 3e9, 14e3  # bytes; all engines hold theirs while PyTorch evaluates
ABOUT = """
Seconds for one loss and its gradient, square pictures, the optimiser not counted: divided by PyTorch
eager's in its best float32 configuration, and in bfloat16 also by its best bfloat16 configuration. The
last two columns are the relative differences of loss and gradient to PyTorch's in float32.
"""
HEADER = ("", "seconds", "÷ PyTorch fp32", "÷ PyTorch bf16", "loss differs", "gradient differs")


def run(setting: Setting) -> Part:
    """Measure every engine and every configuration of PyTorch in turns, at each size."""
    part = Part("One evaluation", ABOUT, HEADER)
    sizes = setting.chosen(*(size for size in SIZES if fits(size)))
    part.notes += [f"{size} px needs more memory than there is" for size in SIZES if not fits(size)]
    usual = min(sizes, key=lambda size: abs(size - 512))
    for model, measured in ((setting.model, sizes), ("compact", [usual])):
        networks = opened(setting.engines, model, setting.tell)
        if part.records and name_of(networks) == part.records[0]["network"]:
            continue  # the compact network is the one that was asked for
        for size in measured:
            _measure(part, setting, networks, size)
    return part


def fits(size: int) -> bool:
    """Return whether all configurations of this size are likely to fit into memory together."""
    return not machine.memory() or machine.memory() > MEMORY + MEMORY_PER_PIXEL * size**2


def name_of(networks: Mapping[Engine, Network]) -> str:
    """Return the name of the network that is open on all engines."""
    return next(iter(networks.values())).extractor.facts.name


def _measure(part: Part, setting: Setting, networks: Mapping[Engine, Network], size: int) -> None:
    name = name_of(networks)
    setting.tell(f"evaluation: {name}, {size} px")
    measured = objectives.subjects(networks, setting.pairs[0], (size, size))
    things = {subject.label: stopwatch(subject.evaluate) for subject in measured}
    seconds = take_turns(things, seconds=setting.seconds, rounds=ROUNDS, tell=setting.tell)
    best = objectives.best(measured, seconds)
    part.rows.append((f"**{name}, {size} px**", *[""] * (len(HEADER) - 1)))
    for subject in measured:
        _add(part, name, size, subject, seconds, best)


def _add(
    part: Part,
    network: str,
    size: int,
    subject: Subject,
    seconds: dict[str, list[float]],
    best: dict[str, str],
) -> None:
    times = seconds[subject.label]
    compared = [kind for kind in best if kind in ("fp32", subject.precision)]
    ratios = {kind: ratio(times, seconds[best[kind]]) for kind in compared}
    part.records.append(
        {
            "network": network,
            "size": size,
            "subject": subject.label,
            "precision": subject.precision,
            "ours": subject.ours,
            "seconds": times,
            "references": best,
            "ratios": ratios,
            "differs": subject.differs,
        }
    )
    cells = [_ratio(ratios.get(kind), subject.label == best.get(kind)) for kind in ("fp32", "bf16")]
    part.rows.append(
        (subject.label, str(Spread.of(times)), *cells, *(f"{value:.0e}" for value in subject.differs))
    )


def _ratio(found: Spread | None, reference: bool) -> str:
    return "–" if found is None else "1" if reference else str(found)
