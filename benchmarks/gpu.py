"""What a GPU makes of an evaluation: its arithmetic over that of matrix products there, and a whole descent.

`python -m benchmarks.gpu --model VGG19` measures the ways to compute on CUDA in turns, and writes
benchmarks/results/gpu.md. Nothing here runs without a GPU, but for tests.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from benchmarks import limits, machine, objectives
from benchmarks.own_recipe import total
from benchmarks.pairs import PAIRS
from benchmarks.report import Part
from benchmarks.turns import Spread, Tell, stopwatch, take_turns
from nst_onnx.errors import NstError
from nst_onnx.graph import Graph
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import presets
from nst_onnx.painting.flat_objective import flat_objective, to_vector
from nst_onnx.painting.optimiser_settings import OptimiserSettings
from nst_onnx.runtime import Device, choose, open_session
from nst_onnx.support.arrays import Array

RESULT = Path(__file__).parent / "results" / "gpu.md"
DEVICES = ("cuda", "cuda:0:tf32", "cuda:0:fp16", "cuda:0:fp16:nhwc", "cuda:0:fp16:nhwc:graph")
SIZES = (512, 1024)
SIDE, PRODUCTS = 8192, 8  # of the matrices; how many products follow each other
STEPS, DESCENT = 500, 512  # of a descent, and its pixels
ROUNDS = (5, 50)
ABOUT = """
Seconds of one loss and its gradient of square pictures, picture and gradient on the device; the
floating-point operations of the direct algorithm (as under "Distance to the machine's limits" of speed.md)
over that time; divided by the rate of onnxruntime's product of two {side}×{side} matrices there, in the same
precision; how far the gradient is from the first device's; and the seconds of a descent of {steps} steps at
{pixels} px by preset `default`'s optimiser, every term computed, after a short one to warm up.
"""
HEADER = ("", "seconds", "TFLOP/s", "÷ matrix product", "gradient differs", "seconds of a descent")


def run(
    model: str,
    devices: Sequence[str],
    tell: Tell,
    *,
    sizes: Sequence[int] = SIZES,
    side: int = SIDE,
    steps: int = STEPS,
    pixels: int = DESCENT,
) -> Part:
    """Measure the devices that are here. Raises NstError where none is."""
    for name in devices:
        choose(name)  # before a network is looked for
    about = ABOUT.format(side=side, steps=steps, pixels=pixels)
    part = Part("An evaluation on a GPU", about, HEADER)
    networks = {name: Network.open(model, name) for name in devices}
    descents = {name: descent(network, steps, pixels) for name, network in networks.items()}
    for size in sizes:
        evaluated = {name: evaluation(network, size) for name, network in networks.items()}
        slopes = {name: slope() for name, (_, slope) in evaluated.items()}
        exact = slopes[devices[0]]
        tell(f"{size} px: {', '.join(devices)}")
        things = {name: stopwatch(evaluate) for name, (evaluate, _) in evaluated.items()}
        things |= {f"product {name}": stopwatch(product(choose(name), side)) for name in devices}
        seconds = take_turns(things, seconds=30, rounds=ROUNDS, tell=tell)
        flops = limits.work(networks[devices[0]].extractor, (size, size)).flops
        part.rows.append((f"**{size} px**", *[""] * (len(HEADER) - 1)))
        for name in devices:
            rate = flops / statistics.median(seconds[name])
            limit = 2 * side**3 * PRODUCTS / statistics.median(seconds[f"product {name}"])
            differs = float(np.linalg.norm(slopes[name] - exact) / np.linalg.norm(exact))
            took = descents[name] if size == pixels else None
            part.records.append(
                {"device": name, "size": size, "seconds": seconds[name], "of product": rate / limit}
                | {"gradient differs": differs, "descent": took}
            )
            part.rows.append(
                (
                    name,
                    str(Spread.of(seconds[name])),
                    f"{rate * 1e-12:.3g}",
                    f"{rate / limit:.2f}",
                    f"{differs:.0e}",
                    f"{took:.2f}" if took else "",
                )
            )
    return part


def evaluation(network: Network, size: int) -> tuple[Callable[[], Any], Callable[[], Array]]:
    """Return what makes a gradient and leaves it where it is, and what brings it to the host."""
    objective = objectives.ours(network, PAIRS[0], (size, size))
    ground = flat_objective(objective)
    x = ground.space().take(to_vector(objective.content_picture))

    def evaluate() -> Any:
        return ground(x)[1]

    return evaluate, lambda: ground.host(evaluate()).copy()


def descent(network: Network, steps: int, pixels: int) -> float:
    """Return the seconds of so many steps, once a shorter descent has made all that they need."""
    objective = objectives.ours(network, PAIRS[0], (pixels, pixels))
    ground, seconds = flat_objective(objective), 0.0
    settings = OptimiserSettings.of(presets.find("default"))
    for count in (2 * settings.history, steps):
        optimiser = settings.start(to_vector(objective.content_picture), ground)
        begun = time.perf_counter()
        for _ in range(count):
            losses, gradient = ground(optimiser.x)
            optimiser.tell(total(losses), gradient)
        seconds = time.perf_counter() - begun
    return seconds


def product(device: Device, side: int) -> Callable[[], object]:
    """Return what multiplies matrices on a device, one product after the other, in its precision."""
    g = Graph()
    a, b = g.input("a", [side, side]), g.input("b", [side, side])
    if device.precision == "fp16":
        a, b = (g.op("Cast", matrix, to=onnx.TensorProto.FLOAT16) for matrix in (a, b))
    for _ in range(PRODUCTS):
        a = g.op("MatMul", a, b)
    g.output("sum", g.op("ReduceSum", g.op("Cast", a, to=onnx.TensorProto.FLOAT), keepdims=0))
    given = matrices(side)
    bound = open_session(g.model(), device).bind(given, {"sum": ()})

    def multiply() -> object:
        bound.run()
        return bound.read("sum")

    return multiply


def matrices(side: int) -> dict[str, Array]:
    """Return two matrices; rows of the second add up to about 1, so that products keep their size."""
    a, b = np.random.default_rng(0).random((2, side, side), np.float32)
    return {"a": a, "b": b * np.float32(2 / side)}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--model", default="vgg19", help="a plain VGG: a name or file")
    parser.add_argument("--devices", nargs="+", default=DEVICES, help="as of nst-onnx --device")
    given = parser.parse_args()
    try:
        part = run(given.model, given.devices, lambda line: print(line, file=sys.stderr, flush=True))
    except NstError as error:
        sys.exit(f"{error}; {error.hint}" if error.hint else str(error))
    facts = "\n".join(f"- {name}: {value}" for name, value in machine.facts().items())
    title = "# On a GPU\n\nWritten by `python -m benchmarks.gpu`; nothing here is typed."
    text = f"{title}\n\n{facts}\n\n{part.markdown()}\n"
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
