"""Time to the first preview, and accuracy of the estimated time left."""

from __future__ import annotations

import bisect
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import start
from benchmarks.pairs import Pair
from benchmarks.report import Part
from benchmarks.setting import Setting
from benchmarks.turns import digits
from nst_onnx.painting.stylizer import Stylizer

PREVIEWS = 5
MOMENTS = (("after 1 s", 1.0, 0.0), ("after a quarter", 0.0, 0.25), ("half way", 0.0, 0.5))
"""(name, seconds since the first step, fraction of the run) of the moments whose estimates are compared."""
ABOUT = f"""
With the {start.MODEL} network and default options. First preview: from the start of the command, with
`--preview`, until that file exists. Time left: the library's estimate at a moment, divided by the actual time
left; above 1 the run ended earlier, because a level also ends on a plateau.
"""
HEADER = ("", "first preview, s", *(f"time left {name}" for name, _, _ in MOMENTS))


def run(setting: Setting) -> Part:
    """Paint every pair on every kind of device."""
    part = Part("While it paints", ABOUT, HEADER)
    size = setting.chosen(start.SIZE)[0]
    for device in start.DEVICES:
        setting.tell(f"waiting: previews, {device}")
        seconds = [first_preview(setting.pairs[0], size, device) for _ in range(PREVIEWS)]
        estimates: dict[str, list[float]] = {}
        for pair in setting.pairs:
            setting.tell(f"waiting: time left, {device}, {pair}")
            found = time_left(pair, size, device)
            part.records.append({"device": device, "pair": str(pair), "previews": seconds, **found})
            for name, ratio in found.items():
                estimates.setdefault(name, []).append(ratio)
        spread = [span(estimates.get(name, [])) for name, _, _ in MOMENTS]
        part.rows.append((f"--device {device}, {size} px", span(seconds), *spread))
    return part


def span(values: list[float]) -> str:
    """Return median, minimum and maximum; a dash without values."""
    if not values:
        return "–"
    return f"{digits(statistics.median(values))} ({digits(min(values))}–{digits(max(values))})"


def first_preview(pair: Pair, size: int, device: str) -> float:
    """Return the seconds of the command until its first preview exists."""
    with tempfile.TemporaryDirectory() as empty:
        preview = Path(empty) / "preview.png"
        begun = time.perf_counter()
        output = Path(empty) / "painted.png"
        with start.command(pair, size, device, empty, output, "--preview", str(preview)) as process:
            while not preview.exists() and process.poll() is None:
                time.sleep(0.005)
            taken = time.perf_counter() - begun
            process.kill()
            if not preview.exists():
                raise RuntimeError("the command ended without a preview")
    return taken


def time_left(pair: Pair, size: int, device: str) -> dict[str, float]:
    """Return {moment: estimated time left ÷ actual}."""
    options: dict[str, Any] = {"size": size}
    stylizer = Stylizer(start.MODEL, device=device)
    steps = [(s.seconds, s.seconds_left) for s in stylizer.steps(pair.content, pair.style, **options)]
    moments, end = [moment for moment, _ in steps], steps[-1][0]
    found = {}
    for name, seconds, share in MOMENTS:
        place = bisect.bisect_left(moments, max(seconds, share * end))
        if place < len(steps) - 1:
            now, left = steps[place]
            if left is not None:
                found[name] = left / (end - now)
    return found
