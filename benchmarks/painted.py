"""Peak memory and step times of a fresh process that paints one picture.

    python -m benchmarks.painted ENGINE MODEL CONTENT STYLE SIDE STEPS MEMORY

From the files to the file, at one scale; MEMORY as of `nst-onnx stylize --max-memory`. Prints
{"peak": bytes, "seconds": […], "processor": […]}: wall-clock and processor seconds (all threads) of each step
after the first. Imports only what it measures.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.peak_memory import peak


def painted(
    device: str, model: str, content: str, style: str, side: int, steps: int, memory: str
) -> dict[str, list[float]]:
    """Paint and save; return the times of each step after the first."""
    from nst_onnx import stylize

    clock, processor = [], []

    def tick(_: object) -> None:
        clock.append(time.perf_counter())
        processor.append(time.process_time())

    options: dict[str, Any] = {"size": side, "steps": steps, "pyramid": False, "min_change": 0}
    options |= {"model": model, "device": device, "max_memory": memory}
    result = stylize(content, style, callback=tick, **options)
    with tempfile.TemporaryDirectory() as folder:
        result.save(Path(folder) / "painted.png")
    return {"seconds": _between(clock), "processor": _between(processor)}


def _between(moments: list[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(moments)]


if __name__ == "__main__":
    device, model, content, style, side, steps, memory = sys.argv[1:]
    found = painted(device, model, content, style, int(side), int(steps), memory)
    print(json.dumps({"peak": peak(), **found}))
