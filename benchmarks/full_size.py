"""Quality good on a picture of 12 megapixels: time, memory, and sharpness at 100 %."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.engines import opened
from benchmarks.fresh_process import fresh
from benchmarks.large import enlarged
from benchmarks.report import Part
from benchmarks.setting import Setting

SIDE = 3464
MEMORY = "2GB"
BEFORE = 640  # pixels at which quality good painted before there were fine levels
BLOCK = 64
ABOUT = f"""
`--quality good --max-memory {MEMORY}` on {SIDE}×{SIDE} pixels, from the command to the saved file.
Sharpness: the mean gradient magnitude of luminance (BT.709) in the half of all blocks of {BLOCK}×{BLOCK}
pixels where it is greatest, of the result at 100 %, divided by that of the painting at its own pixels.
"Enlarged": a picture of {BEFORE} pixels, enlarged.
"""
HEADER = ("", "seconds", "MB", "sharpness")


def run(setting: Setting) -> Part:
    """Paint on every engine."""
    part = Part("Every pixel", ABOUT, HEADER)
    pair = setting.pairs[0]
    with tempfile.TemporaryDirectory() as folder:
        photo, output = enlarged(pair, SIDE, Path(folder)), Path(folder) / "painted.png"
        with Image.open(pair.style) as image:
            painting = sharpness(image)
        for engine in opened(setting.engines, "compact", setting.tell):
            for name, more in ((str(engine), ()), (f"{engine}, enlarged", ("--size", BEFORE))):
                setting.tell(f"full size: {name}")
                words = [
                    "stylize",
                    photo,
                    pair.style,
                    "-o",
                    output,
                    "--quality",
                    "good",
                    "-q",
                    "--model",
                    "compact",
                ]
                words += ["--device", engine.device, "--max-memory", MEMORY, *more]
                found = fresh("benchmarks.command_run", *words)
                with Image.open(output) as image:
                    ratio = sharpness(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)) / painting
                part.records.append({"subject": name, **found, "sharpness": ratio})
                part.rows.append(
                    (name, f"{found['seconds']:.0f}", f"{found['peak'] / 1e6:.0f}", f"{ratio:.2f}")
                )
    return part


def sharpness(image: Image.Image) -> float:
    """Return the mean gradient magnitude of luminance in the half of the blocks where it is greatest."""
    rgb = np.asarray(image.convert("RGB"), np.float32)
    luminance = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    down, right = np.gradient(luminance)
    slopes = np.hypot(down, right)
    rows, columns = (side // BLOCK for side in slopes.shape)
    blocks = slopes[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK).mean((1, 3))
    return float(blocks[blocks >= np.median(blocks)].mean())
