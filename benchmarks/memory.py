"""Peak memory of a process that loads network and pictures and takes a few steps."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import objectives
from benchmarks.engines import EXACT, opened
from benchmarks.fresh_process import fresh
from benchmarks.pairs import Pair
from benchmarks.report import Part
from benchmarks.setting import Setting
from benchmarks.torch_reference import configurations
from nst_onnx import Objective
from nst_onnx.objective.targets import batch

SIZES = (512,)
STEPS = 12  # beyond the descent's first pruning check
ABOUT = f"""
Peak resident set of a fresh process, libraries included, that reads the network and the pictures and takes
{STEPS} steps. Divided by PyTorch's smallest in the same precision, and by its smallest in float32.
"""
HEADER = ("", "MB", "÷ PyTorch fp32", "÷ PyTorch bf16")


def run(setting: Setting) -> Part:
    """Measure every engine and every configuration of PyTorch, each in a process of its own."""
    part = Part("Memory", ABOUT, HEADER)
    networks = opened(setting.engines, setting.model, setting.tell)
    for size in setting.chosen(*SIZES):
        some = objectives.ours(EXACT.open(setting.model), setting.pairs[0], (size, size))
        name = some.network.extractor.facts.name
        found: list[dict[str, Any]] = []
        with torch_material(some) as material:
            for configuration in configurations():
                setting.tell(f"memory: {configuration}, {size} px")
                measured = measure("torch", material, configuration.precision, configuration.layout, STEPS)
                found.append(
                    {
                        "subject": str(configuration),
                        "precision": configuration.kind,
                        "ours": False,
                        **measured,
                    }
                )
        for engine in networks:
            setting.tell(f"memory: {engine}, {size} px")
            measured = measure_ours(engine.device, some.network.extractor.path, setting.pairs[0], size, STEPS)
            found.append({"subject": str(engine), "precision": engine.precision, "ours": True, **measured})
        part.rows.append((f"**{name}, {size} px**", *[""] * (len(HEADER) - 1)))
        _add(part, name, size, found)
    return part


def _add(part: Part, network: str, size: int, found: Sequence[dict[str, Any]]) -> None:
    smallest: dict[str, float] = {}
    for record in sorted(found, key=lambda record: record["peak"]):
        if not record["ours"]:
            smallest.setdefault(record["precision"], record["peak"])
    for record in found:
        compared = [kind for kind in smallest if kind in ("fp32", record["precision"])]
        ratios = {kind: record["peak"] / smallest[kind] for kind in compared}
        part.records.append({"network": network, "size": size, **record, "ratios": ratios})
        cells = [f"{ratios[kind]:.2f}" if kind in ratios else "–" for kind in ("fp32", "bf16")]
        part.rows.append((record["subject"], f"{record['peak'] / 1e6:.0f}", *cells))


def measure_ours(device: str, model: Path, pair: Pair, side: int, steps: int) -> dict[str, float]:
    """Return {"peak": bytes, "first": seconds to the first gradient} of a fresh process with our recipe."""
    return measure("ours", device, model.resolve(), pair.content_name, pair.style_name, side, steps)


def measure(*words: object) -> dict[str, float]:
    """Return the output of ``benchmarks.peak_memory``. Raises RuntimeError with the end of its log."""
    found: dict[str, float] = fresh("benchmarks.peak_memory", *words)
    return found


@contextmanager
def torch_material(objective: Objective) -> Iterator[Path]:
    """Context manager for a file with the network and pictures of the PyTorch reference."""
    import torch

    extractor = objective.network.extractor
    network, grey = objectives.chain(extractor), objectives.grey_levels(extractor)
    kept = {
        "chain": list(network.chain),
        "weights": {n: (torch.from_numpy(k), torch.from_numpy(b)) for n, (k, b) in network.weights.items()},
        "content": torch.from_numpy(grey.levels(batch(objective.content_picture))),
        "style": torch.from_numpy(grey.levels(batch(objective.style_pictures[0][0]))),
        "content_layers": extractor.facts.content_layers,
        "style_layers": extractor.facts.style_layers,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "material.pt"
        torch.save(kept, path)
        yield path
