"""Latency of the worker for an editor: from OK to the first preview, and from Cancel to its confirmation.

    python benchmarks/preview.py [--model vgg19] [--size 512] [--runs 5]

The worker is warm (it has painted a tiny picture with the same settings), as for a second attempt with
another strength. Uses the real worker through the plug-ins' client.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import Cancelled, Done, Engine, Event, Pixels, Preview  # noqa: E402

VISIBLE = 4.0
"""Grey levels (root mean square) of a visible change."""


def main() -> None:
    """Measure and print a table."""
    arguments = parse()
    content = load(ROOT / "examples" / "content" / "harbour.jpg", arguments.size)
    style = str(ROOT / "examples" / "styles" / "whirl.jpg")
    rows: dict[str, list[float]] = {}

    def note(what: str, since: float) -> None:
        rows.setdefault(what, []).append(time.monotonic() - since)

    begun = time.monotonic()
    engine = Engine([sys.executable, "-m", "nst_onnx.worker"])
    hello = engine.start()
    note("start to hello", begun)
    options = {"size": arguments.size}
    begun = time.monotonic()
    tiny = engine.stylize(content, [style], {"size": 32, "steps": 2}, model=arguments.model)
    if not isinstance(last := tiny.wait(), Done):
        sys.exit(str(last))
    note("first picture of all, 32 px (loads the model)", begun)
    for _ in range(arguments.runs):
        begun = time.monotonic()
        job = engine.stylize(content, [style], options, model=arguments.model, preview_seconds=0.1)
        until(job.poll, lambda event: isinstance(event, Preview))
        note("OK to the first preview", begun)
        until(job.poll, lambda event: isinstance(event, Preview) and differs(event.picture, content))
        note(f"OK to a preview that has changed by {VISIBLE:g} grey levels", begun)
        begun = time.monotonic()
        job.cancel()
        until(job.poll, lambda event: isinstance(event, Cancelled))
        note("Cancel to its answer", begun)
    for weight in range(1, arguments.runs + 1):  # other layers each time: their sessions have to be made
        layers = {"style_layers": {"conv1_1": weight, f"conv{1 + weight % 3}_1": 1}}
        job = engine.stylize(content, [style], options | layers, model=arguments.model)
        time.sleep(0.1 * weight)
        begun = time.monotonic()
        job.cancel()
        until(job.poll, lambda event: isinstance(event, Cancelled))
        note("Cancel while sessions are made", begun)
    engine.close()

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"\n{arguments.model} at {arguments.size} px, {cores} cores, nst-onnx {hello.version}\n")
    print("| | median s | worst s | runs |")
    print("|---|---:|---:|---:|")
    for what, seconds in rows.items():
        print(f"| {what} | {statistics.median(seconds):.2f} | {max(seconds):.2f} | {len(seconds)} |")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="compact")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


def load(path: Path, longest: int) -> Pixels:
    """Return a photo as an editor sends it: float RGB."""
    with Image.open(path) as stored:
        image = stored.convert("RGB")
        scale = longest / max(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)))
        samples = np.asarray(image, np.float32) / 255
    return Pixels(image.width, image.height, 3, "f32", samples.tobytes())


def until(poll: Callable[[], list[Event]], wanted: Callable[[Event], bool]) -> None:
    """Poll every 20 ms, as an interface's timer does, until an event is `wanted`."""
    while True:
        for event in poll():
            if wanted(event):
                return
            if event.last:
                sys.exit(f"it ended: {event}")
        time.sleep(0.02)


def differs(preview: Pixels, content: Pixels) -> bool:
    shown = np.frombuffer(preview.data, np.uint8).reshape(preview.height, preview.width, 3)
    photo = np.frombuffer(content.data, np.float32).reshape(content.height, content.width, 3)
    small = Image.fromarray(np.rint(photo * 255).astype(np.uint8)).resize((preview.width, preview.height))
    change = shown.astype(np.float32) - np.asarray(small, np.float32)
    return float(np.sqrt(np.mean(change**2))) > VISIBLE


if __name__ == "__main__":
    main()
