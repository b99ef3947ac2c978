"""Peak memory, and time to the first gradient, of a fresh process that takes a few steps.

    python -m benchmarks.peak_memory ours ENGINE MODEL CONTENT STYLE SIDE STEPS
    python -m benchmarks.peak_memory torch FILE PRECISION LAYOUT STEPS

Prints {"peak": bytes, "first": seconds from the process's start to its first gradient}. Imports only what it
measures.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

BEGUN = time.time()
STATUS = Path("/proc/self/status")


def ours(device: str, model: str, content: str, style: str, side: int, steps: int) -> float:
    """Take steps of our recipe; return the time of the first gradient."""
    from benchmarks import objectives
    from benchmarks.own_recipe import own_descent
    from benchmarks.pairs import Pair
    from nst_onnx.objective.sessions import Network

    objective = objectives.ours(Network.open(model, device), Pair(content, style), (side, side))
    descent = own_descent(objective)
    first = 0.0
    for _ in range(steps):
        descent.evaluate()
        first = first or time.time()
        descent.step()
    return first


def in_torch(file: str, precision: str, layout: str, steps: int) -> float:
    """Take steps of the reference recipe; return the time of the first gradient."""
    import torch

    from benchmarks import reference_recipe, torch_reference

    kept = torch.load(file, weights_only=True)
    objective = torch_reference.Objective(
        torch_reference.Network(
            kept["chain"], {name: (k.numpy(), b.numpy()) for name, (k, b) in kept["weights"].items()}
        ),
        kept["content"].numpy(),
        kept["style"].numpy(),
        kept["content_layers"],
        kept["style_layers"],
        torch_reference.Configuration(precision, layout),
    )
    shape = kept["content"].shape[2:]
    del kept
    x = torch.from_numpy(reference_recipe.start(shape)).requires_grad_()
    moments: list[float] = []

    def closure() -> float:
        loss, _ = objective.value_and_grad(x)
        moments.append(time.time())
        return loss

    reference_recipe.optimiser(x, steps).step(closure)
    return moments[0]


def resident() -> int:
    """Return this process's resident set in bytes, on Linux."""
    return _status("VmRSS")


def peak() -> int:
    """Return this process's peak resident set in bytes."""
    if STATUS.is_file():  # getrusage may include the process image before exec
        return _status("VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _status(name: str) -> int:
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines[name].split()[0]) * 1024


if __name__ == "__main__":
    kind, *words = sys.argv[1:]
    if kind == "ours":
        device, model, content, style, side, steps = words
        reached = ours(device, model, content, style, int(side), int(steps))
    else:
        file, precision, layout, steps = words
        reached = in_torch(file, precision, layout, int(steps))
    print(json.dumps({"peak": peak(), "first": reached - float(os.environ.get("BEGUN", BEGUN))}))
