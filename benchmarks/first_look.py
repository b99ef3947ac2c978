"""Time and memory of one pass: from the command to the file, and with everything loaded."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.fresh_process import fresh
from benchmarks.large import enlarged
from benchmarks.report import Part
from benchmarks.setting import Setting
from benchmarks.turns import Spread
from nst_onnx.painting.options import Quality
from nst_onnx.painting.stylizer import Stylizer

SIZE = 512
LARGE = 3464  # pixels a side of a picture of 12 megapixels
RUNS = 5
QUALITIES: tuple[Quality, ...] = ("instant", "fitted")
ABOUT = f"""
Qualities instant and fitted. Command: fresh processes, from their start to the saved file, libraries
included. Loaded: with the networks in memory, from the pictures' files to the picture; the median of
{RUNS} runs after one. A picture of 12 megapixels has {LARGE}×{LARGE} pixels.
"""
HEADER = ("", "seconds", "MB")


def run(setting: Setting) -> Part:
    """Measure both qualities by the command and loaded."""
    part = Part("One pass", ABOUT, HEADER)
    pair = setting.pairs[0]
    with tempfile.TemporaryDirectory() as folder:
        large = enlarged(pair, LARGE, Path(folder))
        output = Path(folder) / "painted.png"
        cases = [
            (f"command, instant, {SIZE} px", pair.content, SIZE, "instant"),
            (f"command, fitted, {SIZE} px", pair.content, SIZE, "fitted"),
            ("command, instant, 12 megapixels", large, LARGE, "instant"),
        ]
        for name, content, size, quality in cases:
            setting.tell(f"first look: {name}")
            words = ["stylize", content, pair.style, "-o", output, "--size", size, "--quality", quality, "-q"]
            words += ["--model", "compact"]
            found = [fresh("benchmarks.command_run", *words) for _ in range(1 if size == LARGE else 3)]
            spread = Spread.of([one["seconds"] for one in found])
            _add(part, name, spread, max(one["peak"] for one in found))
    stylizer = Stylizer("compact")
    for quality in QUALITIES:
        setting.tell(f"first look: loaded, {quality}")
        taken = []
        for _ in range(RUNS + 1):
            begun = time.perf_counter()
            stylizer.stylize(pair.content, pair.style, size=SIZE, quality=quality)
            taken.append(time.perf_counter() - begun)
        _add(part, f"loaded, {quality}, {SIZE} px", Spread.of(taken[1:]), None)
    return part


def _add(part: Part, name: str, spread: Spread, peak: float | None) -> None:
    part.records.append({"subject": name, "seconds": spread.median, "peak": peak})
    part.rows.append((name, str(spread), "–" if peak is None else f"{peak / 1e6:.0f}"))
