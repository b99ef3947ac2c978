"""Roofline of an evaluation: its arithmetic relative to a matrix product's, its traffic to a copy's."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import objectives
from benchmarks.engines import EXACT, opened
from benchmarks.report import Part
from benchmarks.setting import Setting
from benchmarks.turns import Spread, stopwatch, take_turns
from nst_onnx.models.extractor import Extractor

SIZES = (512,)
ROUNDS = (3, 8)
SIDE = 3072  # of the matrices; larger ones are not faster
COPIED = 2**28  # bytes; far beyond any cache
ABOUT = f"""
Arithmetic: the floating-point operations of the direct algorithm (convolutions forwards and backwards,
Gram products) over the time, divided by the rate of the faster of numpy's and PyTorch's product of two
{SIDE}×{SIDE} matrices in the same precision. (Fast convolution algorithms take fewer operations than are
counted here.) Traffic: the bytes that convolutions, ReLUs, pooling and Gram products read and write in
float32 without caches, divided by the rate of numpy's copy (bytes read and written).
"""
COPY = "numpy copy"
PRODUCTS = ("numpy product fp32", "PyTorch product fp32", "PyTorch product bf16")
HEADER = ("", "GFLOP/s", "÷ matrix product", "GB/s", "÷ copy")


@dataclass(frozen=True)
class Work:
    """The work of one evaluation: floating-point operations, and bytes to and from memory in float32."""

    flops: float
    bytes: float


def work(extractor: Extractor, shape: tuple[int, int]) -> Work:
    """Return the work of one evaluation with neural-style's losses at the network's own layers.

    A 3×3 convolution of I to O channels takes 2·9·I·O operations a position forwards, and as many
    backwards to its input; a Gram matrix 2·C² a position, and as many backwards.
    """
    facts, network = extractor.facts, objectives.chain(extractor)
    wanted = {*facts.content_layers, *facts.style_layers}
    last = max(i for i, (_, name) in enumerate(network.chain) if name in wanted)
    (height, width), channels = shape, 3
    flops = numbers = 0.0
    for kind, name in network.chain[: last + 1]:
        before = channels * height * width
        if kind == "pool":
            height, width = height // 2, width // 2
            numbers += 2 * (before + channels * height * width)
            continue
        kernel, _ = network.weights[name]
        channels, taken = kernel.shape[:2]
        after = channels * height * width
        flops += 2 * 2 * kernel[0, 0].size * taken * after
        numbers += 2 * (before + after + kernel.size)
        if kind == "conv":
            numbers += 3 * after  # ReLU backwards: the gradient and the mask are read, a gradient written
        if name in facts.style_layers:
            flops += 2 * 2 * channels * after
            numbers += 3 * after  # read forwards; read and written backwards
    return Work(flops, 4 * numbers)


def run(setting: Setting) -> Part:
    """Measure products, a copy and the evaluations in turns."""
    part = Part("Distance to the machine's limits", ABOUT, HEADER)
    networks = opened(setting.engines, setting.model, setting.tell)
    for size in setting.chosen(*SIZES):
        measured = objectives.subjects(networks, setting.pairs[0], (size, size))
        extractor = EXACT.open(setting.model).extractor
        name, done = extractor.facts.name, work(extractor, (size, size))
        setting.tell(f"limits: {name}, {size} px")
        limits = {what: stopwatch(thing) for what, thing in {**products(), COPY: copy()}.items()}
        things = {**limits, **{subject.label: stopwatch(subject.evaluate) for subject in measured}}
        seconds = take_turns(things, seconds=setting.seconds / 2, rounds=ROUNDS, tell=setting.tell)
        part.rows.append((f"**{name}, {size} px**", *[""] * (len(HEADER) - 1)))
        for what in limits:
            _add(
                part,
                what,
                size,
                seconds,
                Work(2 * SIDE**3, 0) if what in PRODUCTS else Work(0, 2 * COPIED),
                "",
            )
        for subject in measured:
            _add(part, subject.label, size, seconds, done, subject.precision)
    return part


def _add(
    part: Part, what: str, size: int, seconds: Mapping[str, Sequence[float]], done: Work, precision: str
) -> None:
    """Add a row of rates; those of an evaluation are divided by the limits'."""
    record = {
        "subject": what,
        "size": size,
        "flops": done.flops,
        "bytes": done.bytes,
        "seconds": seconds[what],
    }
    flops, traffic = (Spread.of([n / t for t in seconds[what]]) for n in (done.flops, done.bytes))
    cells = [
        str(flops.scaled(1e-9)) if done.flops else "",
        "",
        str(traffic.scaled(1e-9)) if done.bytes else "",
        "",
    ]
    if precision:
        times = {limit: statistics.median(seconds[limit]) for limit in (*PRODUCTS, COPY)}
        product = min(t for limit, t in times.items() if limit.endswith(precision))
        record["of product"] = flops.median / (2 * SIDE**3 / product)
        record["of copy"] = traffic.median / (2 * COPIED / times[COPY])
        cells[1], cells[3] = f"{record['of product']:.2f}", f"{record['of copy']:.2f}"
    part.records.append(record)
    part.rows.append((what, *cells))


def products() -> dict[str, Callable[[], object]]:
    """Return the matrix products by their names, which end with the precision."""
    import torch

    a, b = np.random.default_rng(0).random((2, SIDE, SIDE), np.float32)
    single = torch.from_numpy(a), torch.from_numpy(b)
    half = single[0].bfloat16(), single[1].bfloat16()
    products = (lambda: a @ b), (lambda: single[0] @ single[1]), (lambda: half[0] @ half[1])
    return dict(zip(PRODUCTS, products, strict=True))


def copy() -> Callable[[], object]:
    """Return a copy of `COPIED` bytes."""
    source, target = np.ones(COPIED, np.uint8), np.zeros(COPIED, np.uint8)
    return lambda: np.copyto(target, source)
