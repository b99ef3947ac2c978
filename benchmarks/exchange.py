"""Bytes exchanged in a step by the shards of a picture and the process that drives them.

    python -m benchmarks.exchange [--models compact=0.5 FILE=7] [--sides 1024,2048,4096] [--shards 1,2,4]

All shards run in this process, and the pickled size of every argument and result is counted. It depends on
the shapes alone, so a stand-in that returns noise replaces the network. A model then estimates the time of a
step on many machines. Prints tables and writes them to benchmarks/results/exchange.md.
"""

from __future__ import annotations

import argparse
import math
import pickle
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.report import Part
from nst_onnx import Objective
from nst_onnx.objective.evaluation import shared_layout
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.sharded import parts
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.objective.tile_graphs import feature_shapes
from nst_onnx.objective.tiles.memory_model import tile_pixels
from nst_onnx.objective.tiles.passes import TilePasses
from nst_onnx.optim.preconditioner import MAX_COEFFICIENTS
from nst_onnx.painting import presets
from nst_onnx.painting.flat_objective import flat_objective, to_vector
from nst_onnx.painting.network_choice import NetworkChoice
from nst_onnx.painting.optimiser_settings import OptimiserSettings
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

RESULT = Path(__file__).parent / "results" / "exchange.md"
STEPS = 3
ROUNDS, LATENCY = 22, 0.005  # of a step, as counted; seconds for each, an assumption
EACH = "8GB"  # memory limit of a machine, an assumption
BANDWIDTHS = {"step at 1 Gbit/s": 1e9 / 8, "step at 10 Gbit/s": 1e10 / 8}
FORECAST = f"""
Estimated, not measured. A step takes as long as the machine with the most rows of tiles computes, plus what
goes through the driver and to a neighbour divided by the bandwidth, plus {ROUNDS} rounds of
{LATENCY * 1000:g} ms. Assumed: the same seconds for a million pixels of tiles on every machine (given with
the command), {EACH} for each, no overlap of transfer and computation, and an otherwise idle cluster.
"""
LEARNT = 48  # pairs, after which the preconditioner's gains are fixed
STYLE = 0.1  # of the content's size: the style pictures are no part of a step
KINDS = {
    **dict.fromkeys(("select", "sum_gradient"), "halos"),
    **dict.fromkeys(("statistics", "gradient"), "statistics"),
    **dict.fromkeys(("dct", "add_inverse_dct"), "waves"),
}
"""{method: kind of its arguments and results}; those of all other methods are sums."""
BETWEEN = ("rows", "gradient_pieces")  # their results go to another shard, as arguments counted there
COLUMNS = ("halos", "statistics", "waves", "sums")
ABOUT = f"""
MB (10⁶ bytes) sent in a step of the preconditioned optimiser with a fixed preconditioner, the mean of
{STEPS - 1} steps. While the gains are being estimated, in the first {LEARNT} steps, twice as many waves are
sent to the driver. Halos are sent from shard to shard, all else between the shards and the driving process,
in both directions. A round is one request to all shards, with their responses. Pictures are square; a million
pixels are 2²⁰.
"""


class CountingTeam(LocalTeam):
    """Shards in this process, with a count of the bytes sent for each kind of data."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.sent: Counter[str] = Counter()
        self.rounds = 0

    def ask(self, shard: int, method: str, *arguments: Any) -> Any:
        """Call the method, and count the bytes of its arguments and result."""
        result = super().ask(shard, method, *arguments)
        kind = KINDS.get(method, "sums")
        self.sent[kind] += size_of(arguments) + (0 if method in BETWEEN else size_of(result))
        return result

    def get(self, promised: Sequence[Any]) -> list[Any]:
        """Count a round."""
        self.rounds += 1
        return super().get(promised)


def size_of(value: Any) -> int:
    """Return the pickled size of a value in bytes."""
    return len(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))


class StandIn(TilePasses):
    """Tile passes that return arrays of the right shapes without computing."""

    def statistics(self, window: Array, root_weights: Mapping[str, Array]) -> dict[str, Array]:
        """Return statistics of one, and features of zero."""
        terms, features = self.terms, self.features
        shapes = {t.name: t.loss.shape(features[t.source][0]) for t in terms.statistics}
        unit = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
        return unit | {t.name: np.zeros(features[t.layer], np.float32) for t in terms.positionwise}

    def set_derivatives(self, derivatives: Mapping[str, Array], factors: Mapping[str, float]) -> None:
        """Do nothing."""

    def gradient(
        self, window: Array, root_weights: Mapping[str, Array], targets: Mapping[str, Array]
    ) -> tuple[Array, Array]:
        """Return noise of small amplitude."""
        noise = np.random.default_rng(0).standard_normal(window.shape, np.float32)
        return np.ones(len(self.terms.positionwise), np.float32), 1e-9 * noise


@contextmanager
def without_computing() -> Iterator[None]:
    """Replace the shards' passes by stand-ins."""
    with patch("nst_onnx.objective.shards.stage.TilePasses", StandIn):
        yield


def exchanged(network: Network, side: int, shards: int, **options: Any) -> dict[str, float]:
    """Return the bytes of each kind, and the rounds, of a step. `options`: as of `Objective`."""
    team = CountingTeam(shards)
    rng = np.random.default_rng(0)
    content, style = (rng.random((s, s, 3), np.float32) for s in (side, max(side // 10, 64)))
    objective = Objective(
        content, style, model=network, size=(side, side), style_scale=STYLE, team=team, **options
    )
    ground = flat_objective(objective)
    # Not a Descent: the preconditioner is set to its final state before the first step.
    optimiser: Any = OptimiserSettings.of(presets.find("default")).start(
        to_vector(content), ground, evaluations=STEPS
    )
    learnt = {**optimiser.preconditioner.state(), "count": np.array(LEARNT, np.float64)}
    optimiser.preconditioner.restore(learnt)
    for step in range(STEPS):
        if step == 1:
            team.sent.clear()
            team.rounds = 0
        losses, gradient = ground(optimiser.x)
        optimiser.tell(float(losses.sum(dtype=np.float64)), gradient)
    assert objective.sharded is not None, "the picture is too small to be shared"
    found = {kind: team.sent[kind] / (STEPS - 1) for kind in COLUMNS}
    return {**found, "rounds": team.rounds / (STEPS - 1), "bands": len(objective.sharded.layout.bands)}


def expected(network: Network, side: int, machines: int, seconds: float) -> dict[str, float]:
    """Return the estimated costs of a step of a square picture, one shard on each machine.

    `seconds`: of a machine, for a million pixels of tiles. In the result, "computing" is in seconds; "driver"
    and "halos" are bytes, of the driver's machine and of the one with the most halos.
    """
    small = np.zeros((64, 64, 3), np.float32)
    terms = Objective(small, small, model=network, size=(64, 64)).terms
    tiles = shared_layout(
        (side, side), terms, network, tile_pixels(network, terms, Memory.of(EACH)), machines
    )
    assert tiles is not None, "the picture is too small to be shared"
    bands, most = len(tiles.bands), math.ceil(len(tiles.bands) / machines)
    features = feature_shapes(network.extractor, terms, tiles.window)
    numbers = sum(math.prod(term.loss.shape(features[term.source][0])) for term in terms.statistics)
    waves = 12 * min(math.ceil(side / 4), MAX_COEFFICIENTS) ** 2
    driver = bands * (8 * numbers + waves) + machines * (4 * numbers + waves)
    beyond = max(
        (part.window_rows.stop - part.window_rows.start) - (part.own_rows.stop - part.own_rows.start)
        for part in parts(tiles, machines, on_disk=False)
    )
    return {
        "bands": bands,
        "driver": driver,
        "halos": 2 * 12 * side * beyond,  # of the picture, and of the gradient
        "computing": tiles.excess * side**2 / 2**20 * seconds * most / bands,
    }


def forecast(models: Mapping[str, float], sides: Sequence[int], machines: Sequence[int]) -> Part:
    """Estimate the time of a step on many machines; `models`: {model: seconds per million pixels}."""
    header = ("", "million pixels", "machines", "rows of tiles", "MB through the driver", "computing")
    part = Part("Estimate for many machines", FORECAST, (*header, *BANDWIDTHS))
    for model, seconds in models.items():
        network = NetworkChoice(model, "cpu").open(presets.find("default"))
        for side in sides:
            for count in machines:
                found = expected(network, side, count, seconds)
                steps = [
                    found["computing"] + (found["driver"] + found["halos"]) / speed + ROUNDS * LATENCY
                    for speed in BANDWIDTHS.values()
                ]
                cells = [f"{side**2 / 2**20:g}", str(count), f"{found['bands']:g}"]
                cells += [f"{found['driver'] / 1e6:.0f}", f"{found['computing']:.2f}"]
                part.rows.append((network.extractor.facts.name, *cells, *(f"{step:.2f}" for step in steps)))
    return part


def run(models: Sequence[str], sides: Sequence[int], shards: Sequence[int]) -> Part:
    """Count the bytes for every combination."""
    part = Part(
        "Bytes sent in a step",
        ABOUT,
        ("", "million pixels", "rows of tiles", "shards", *COLUMNS, "rounds"),
    )
    with without_computing():
        for model in models:
            network = NetworkChoice(model, "cpu").open(presets.find("default"))
            for side in sides:
                for size in shards:
                    found = exchanged(network, side, size)
                    name = network.extractor.facts.name
                    cells = [f"{side**2 / 2**20:g}", f"{found['bands']:g}", str(size)]
                    cells += [f"{found[kind] / 1e6:.2f}" for kind in COLUMNS]
                    part.rows.append((name, *cells, f"{found['rounds']:g}"))
                    print(*part.rows[-1], flush=True)
    return part


def main() -> None:
    """Count, estimate, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exchange", description=__doc__)
    for name, default in (
        ("--sides", (1024, 2048, 4096)),
        ("--shards", (1, 2, 4)),
        ("--forecast-sides", (8192, 32768)),
        ("--machines", (10, 30, 100)),
    ):
        parser.add_argument(name, type=lambda text: tuple(map(int, text.split(","))), default=default)
    parser.add_argument(
        "--models", nargs="+", default=["compact=0.5"], help="MODEL=SECONDS for a million pixels of tiles"
    )
    given = parser.parse_args()
    models = {name: float(number) for name, _, number in (word.rpartition("=") for word in given.models)}
    parts = [
        run(list(models), given.sides, given.shards),
        forecast(models, given.forecast_sides, given.machines),
    ]
    assumed = ", ".join(f"{Path(name).stem} {number:g}" for name, number in models.items())
    texts = ["# Exchange", "Written by `python -m benchmarks.exchange`; nothing here is typed."]
    texts += [part.markdown() for part in parts] + [f"*Seconds for a million pixels: {assumed}.*"]
    RESULT.write_text("\n\n".join(texts) + "\n")
    print("\n\n".join(texts))


if __name__ == "__main__":
    main()
