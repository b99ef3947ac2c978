"""Peak memory and time of pictures painted in tiles, within the same memory limit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.engines import Engine, opened
from benchmarks.fresh_process import fresh
from benchmarks.pairs import Pair
from benchmarks.report import Part
from benchmarks.setting import Setting
from benchmarks.turns import Spread, digits

MODEL = "compact"
SIZES = (512, 1024, 2048, 4096, 8192)
WHOLE = 1024  # pixels a side of the reference, painted without tiles
STEPS = 4
MEMORY = "2GB"
UNLIMITED = "1TB"
TIMES = ("seconds", "processor")
ABOUT = f"""
Fresh processes paint a picture of so many million pixels with the {MODEL} network, from the files to the
saved file, in {STEPS} steps at one scale, with `--max-memory {MEMORY}`. MB is the peak resident set of the
process, libraries included. Seconds are those of a step with the optimiser, without the first step. They are
divided by those per million pixels of a picture of {WHOLE}×{WHOLE} pixels without tiles, painted before and
after: by wall-clock time, and by processor time, which other programs disturb less. A million pixels are 2²⁰,
a MB 10⁶ bytes.
"""
HEADER = (
    *("", "million pixels", "MB", "seconds per million pixels"),
    *("÷ without tiles", "processor ÷ without tiles"),
)


def run(setting: Setting) -> Part:
    """Paint at every size on every engine, each between two pictures without tiles."""
    part = Part("Large pictures", ABOUT, HEADER)
    engines = list(opened(setting.engines, MODEL, setting.tell))
    with tempfile.TemporaryDirectory() as folder:
        for engine in engines:
            before = _painted(setting, engine, WHOLE, UNLIMITED, folder)
            _add(part, engine, WHOLE, before, {kind: before[kind] for kind in TIMES})
            for side in setting.chosen(*SIZES):
                found = _painted(setting, engine, side, MEMORY, folder)
                after = _painted(setting, engine, WHOLE, UNLIMITED, folder)
                around = {kind: before[kind] + after[kind] for kind in TIMES}
                _add(part, engine, side, found, around)
                before = after
    return part


def _painted(setting: Setting, engine: Engine, side: int, memory: str, folder: str) -> dict[str, Any]:
    """Return the output of ``benchmarks.painted``, times per million pixels."""
    setting.tell(f"large: {engine}, {side} px, {memory}")
    pair = setting.pairs[0]
    content = enlarged(pair, side, Path(folder))
    found = fresh("benchmarks.painted", engine.device, MODEL, content, pair.style, side, STEPS, memory)
    millions = side**2 / 2**20
    times = {kind: [each / millions for each in found[kind]] for kind in TIMES}
    return {"memory": memory, "peak": found["peak"], **times}


def enlarged(pair: Pair, side: int, folder: Path) -> Path:
    """Return a file with the pair's content at `side`×`side` pixels, created on first use."""
    from PIL import Image

    path = folder / f"{pair.content_name}-{side}.png"
    if not path.exists():
        with Image.open(pair.content) as image:
            image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC).save(path, compress_level=1)
    return path


def _add(part: Part, engine: Engine, side: int, found: dict[str, Any], whole: dict[str, Any]) -> None:
    ratios = {k: Spread.of(found[k]).scaled(1 / Spread.of(whole[k]).median) for k in TIMES}
    tiled = found["memory"] == MEMORY
    record = {"subject": str(engine), "side": side, "tiled": tiled, **found}
    part.records.append({**record, "whole": whole, "ratios": ratios})
    part.rows.append(
        (
            str(engine) if tiled else f"{engine}, without tiles",
            digits(side**2 / 2**20),
            f"{found['peak'] / 1e6:.0f}",
            str(Spread.of(found["seconds"])),
            *(str(ratio) if tiled else "1" for ratio in ratios.values()),
        )
    )
