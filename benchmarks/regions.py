"""``python -m benchmarks.regions``: what regions cost, and whether each is painted as if it were alone.

    python -m benchmarks.regions --weights vgg16.npz --output benchmarks/results/regions

Cost: one loss and gradient with two and with five regions, divided by that without regions: time, in turns,
and memory, by which a process grows; peak memory of processes that take a few steps, divided by that with the
same paintings blended. Likeness: the style residual of a region's inside (VGG-16's Gram matrices, 0 the
painting, 1 the photo), painted as one of two regions, and where the whole picture is painted in that style.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.fresh_process import fresh
from benchmarks.judge import gram
from benchmarks.judge.network import Network as JudgeNetwork
from benchmarks.pairs import EXAMPLES
from benchmarks.peak_memory import peak, resident
from benchmarks.report import Part
from benchmarks.turns import Spread, ratio, stopwatch, take_turns
from nst_onnx import Objective, Region, stylize
from nst_onnx.picture import read, resize
from nst_onnx.support.arrays import Array

STYLES = [
    EXAMPLES / "styles" / f"{name}.jpg" for name in ("whirl", "embers", "facets", "breakers", "bouquet")
]
CONTENT = EXAMPLES / "content" / "harbour.jpg"
SIZE, SIDE = 512, 384
COUNTS = (0, 2, 5)
PAIRS = (
    *(("harbour", 0, 1), ("valley", 1, 2), ("still_life", 2, 0)),
    *(("harbour", 3, 4), ("valley", 4, 3), ("still_life", 0, 3)),
)
"""(photo, style of its left half, style of its right half)."""


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print the tables, and write them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regions", description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="VGG-16, for the judge")
    parser.add_argument("--models", default="compact", help="compact,vgg16: of the cost")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--output", type=Path, help="write OUTPUT.md and OUTPUT.json")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    parser.add_argument("--evaluation", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.memory:
        model, count, styles = given.memory.split(",")
        _few_steps(model, int(count), int(styles))
        return
    if given.evaluation:
        model, count = given.evaluation.split(",")
        _one_evaluation(model, int(count))
        return
    parts = [_cost(given.models.split(","), given.seconds), _likeness(given.weights, given.steps)]
    facts = {**machine.facts(), "commit": machine.commit()}
    about = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])
    texts = ["# Regions", "Written by `python -m benchmarks.regions`; nothing here is typed."]
    text = "\n\n".join([*texts, *(part.markdown() for part in parts), about]) + "\n"
    print(text)
    if given.output:
        given.output.with_suffix(".md").write_text(text)
        records = {"machine": facts, "parts": {part.title: part.records for part in parts}}
        given.output.with_suffix(".json").write_text(json.dumps(records, indent=1) + "\n")


def stripes(count: int, shape: tuple[int, int]) -> list[Array]:
    """Return masks of vertical stripes of equal width, with edges of a tenth of it."""
    place = (np.arange(shape[1]) + 0.5) * count / shape[1]
    masks = []
    for number in range(count):
        inside = np.minimum(place - number, number + 1 - place)
        row = np.clip(0.5 + inside * 10, 0, 1)
        masks.append(np.repeat(row[None], shape[0], 0).astype(np.float32))
    return masks


def _regions(count: int, shape: tuple[int, int], styles: Sequence[Path] = STYLES) -> dict[str, Any]:
    """Return the options of a painting with so many regions."""
    if not count:
        return {}
    pairs = zip(stripes(count, shape), styles, strict=False)
    return {"regions": [Region(mask, style) for mask, style in pairs]}


def _objective(model: str, count: int) -> Objective:
    shape = read(CONTENT).shape
    return Objective(CONTENT, () if count else STYLES[0], model=model, size=SIZE, **_regions(count, shape))


def _cost(models: Sequence[str], seconds: float) -> Part:
    about = f"{SIZE} pixels, stripes with soft edges, onnxruntime in float32."
    heads = ("", "seconds", "÷ none", "evaluation, MB", "÷ none", "painting, MB", "blended, MB", "ratio")
    part = Part("Cost", about, heads)
    for model in models:
        objectives = {count: _objective(model, count) for count in COUNTS}
        x = np.random.default_rng(0).random((*objectives[0].shape, 3), np.float32)
        things = {str(n): stopwatch(partial(o.value_and_grad, x)) for n, o in objectives.items()}
        found = take_turns(things, seconds=seconds, rounds=(5, 40), tell=print)
        del objectives, things
        growth = {count: _growth(model, count) for count in COUNTS}
        for count in COUNTS:
            times, share = Spread.of(found[str(count)]), ratio(found[str(count)], found["0"])
            peaks = [_peak(model, n, count or 1) for n in (count, 0)]
            memory = peaks[0] / peaks[1]
            name = f"{Path(model).stem}, {count or 'no'} regions"
            cells = [f"{growth[count] / 1e6:.0f}", f"{growth[count] / growth[0]:.2f}"]
            cells += [*(f"{peak / 1e6:.0f}" for peak in peaks), f"{memory:.2f}"]
            part.rows.append((name, str(times), str(share), *cells))
            part.records.append(
                {
                    "model": Path(model).stem,
                    "regions": count,
                    "seconds": times.median,
                    "ratio": share.median,
                    "evaluation": growth[count],
                    "peak": peaks[0],
                    "blended": peaks[1],
                    "memory": memory,
                }
            )
    return part


def _peak(model: str, regions: int, styles: int) -> int:
    """Return the peak memory, in bytes, of a process that takes a few steps: the median of three."""
    words = "--weights", os.devnull, "--memory", f"{model},{regions},{styles}"
    return sorted(int(fresh("benchmarks.regions", *words)["peak"]) for _ in range(3))[1]


def _growth(model: str, regions: int) -> int:
    """Return by how many bytes a process grows that evaluates the objective once: the median of three."""
    words = "--weights", os.devnull, "--evaluation", f"{model},{regions}"
    return sorted(int(fresh("benchmarks.regions", *words)["growth"]) for _ in range(3))[1]


def _one_evaluation(model: str, count: int) -> None:
    objective = _objective(model, count)
    x = np.random.default_rng(0).random((*objective.shape, 3), np.float32)
    before = resident()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    objective.value_and_grad(x)
    print(json.dumps({"growth": peak() - before}))


def _few_steps(model: str, count: int, styles: int) -> None:
    shape = read(CONTENT).shape
    blended = () if count else STYLES[:styles]
    stylize(CONTENT, blended, model=model, device="cpu", size=SIZE, steps=4, **_regions(count, shape))
    print(json.dumps({"peak": peak()}))


def _likeness(weights: Path, steps: int) -> Part:
    about = f"{SIDE} pixels, {steps} evaluations, compact network: residual in the inner 40 % of each half."
    part = Part("Likeness", about, ("", "as a region", "alone", "ratio"))
    judge = JudgeNetwork(weights)
    ratios = []
    for name, first, second in PAIRS:
        photo = EXAMPLES / "content" / f"{name}.jpg"
        shape = read(photo).shape
        options: dict[str, Any] = {"size": SIDE, "steps": steps, "model": "compact", "device": "cpu"}
        styles = STYLES[first], STYLES[second]
        both = stylize(photo, **_regions(2, shape, styles), **options).array
        for side, style in enumerate(styles):
            alone = stylize(photo, style, **options).array
            found = [_residual(judge, one, photo, style, side) for one in (both, alone)]
            ratios.append(found[0] / found[1])
            label = f"{name}, {('left', 'right')[side]}: {style.stem}"
            part.rows.append((label, *(f"{value:.3f}" for value in found), f"{ratios[-1]:.2f}"))
            part.records.append({"what": label, "region": found[0], "alone": found[1], "ratio": ratios[-1]})
    part.rows.append(("mean", "", "", f"{float(np.mean(ratios)):.2f}"))
    return part


def _residual(judge: JudgeNetwork, painted: Array, photo: Path, style: Path, side: int) -> float:
    """Return how far the inside of a half is from the painting, relative to the photo's distance."""
    width = painted.shape[1]
    inner = slice(round((0.05 + 0.5 * side) * width), round((0.45 + 0.5 * side) * width))
    target = gram.grams(judge.features(_sized(style, max(painted.shape))))
    grams = [
        gram.grams(judge.features(np.ascontiguousarray(one[:, inner])))
        for one in (painted, _sized(photo, max(painted.shape)))
    ]
    return gram.distance(grams[0], target) / gram.distance(grams[1], target)


def _sized(path: Path, longest: int) -> Array:
    picture = read(path)
    scale = longest / max(picture.shape)
    height, width = (max(1, round(side * scale)) for side in picture.shape)
    return resize(picture.rgb, (height, width))


if __name__ == "__main__":
    main()
