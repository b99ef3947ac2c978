"""The page against the package: time of a painting in Chromium and natively, in one run; memory.

    python -m benchmarks.web [--size 256] [--steps 80] [--paintings 10] [--output benchmarks/results/web.md]

With Node.js, the packages of web/ (npm ci), Chromium, its driver, pytest and selenium; on an idle machine.
Both paint the same pair with the same settings, in turns. The page's threads are as many as the processor's;
the package takes all, too. The graphics processor is left out.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import nst_onnx
from benchmarks import machine
from benchmarks.report import Part

ROOT = Path(__file__).resolve().parents[1]
PHOTO, PAINTING = (ROOT / "examples" / name for name in ("content/harbour.jpg", "styles/breakers.jpg"))
TURNS = 3


def main() -> None:
    """Measure, print the tables, and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="pixels of the longest side")
    parser.add_argument("--steps", type=int, default=80, help="evaluations of each painting")
    parser.add_argument("--paintings", type=int, default=10, help="for the memory, at a tenth of the steps")
    parser.add_argument("--output", type=Path, help="write this Markdown file")
    given = parser.parse_args()
    facts = {**machine.facts(), "commit": machine.commit(), "load before": str(machine.load())}
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, visitor(Path(folder)) as page:
        parts = [_times(page, given.size, given.steps), _memory(page, given.paintings, given.steps)]
    facts |= {"load after": str(machine.load()), "measured for": f"{time.monotonic() - begun:.0f} s"}
    about = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])
    texts = ["# The page", "Written by `python -m benchmarks.web`; nothing here is typed."]
    text = "\n\n".join([*texts, *(part.markdown() for part in parts), about]) + "\n"
    print(text)
    if given.output:
        given.output.write_text(text)


def _times(page: Any, size: int, steps: int) -> Part:
    """Measure the seconds of a painting in turns."""
    stylizer = nst_onnx.Stylizer(device="cpu")
    page.set("size", size)
    native, web = [], []
    for _ in range(TURNS):
        native.append(natively(stylizer, size, steps))
        web.append(in_the_page(page, steps))
    about = f"Seconds of a painting of {size} pixels in {steps} evaluations, in turns. {page.text('engine')}"
    part = Part("Time", about, ("", *(f"turn {number + 1}" for number in range(TURNS)), "median", "ratio"))
    usual = statistics.median(native)
    for name, seconds in (("onnxruntime, natively", native), ("the page, in Chromium", web)):
        median = statistics.median(seconds)
        part.rows.append([name, *(f"{one:.1f}" for one in (*seconds, median)), f"{median / usual:.2f}"])
    return part


def _memory(page: Any, paintings: int, steps: int) -> Part:
    """Measure the memory of the page's process after each painting."""
    about = f"Memory of the page's process, in MB, after each of {paintings} paintings."
    part = Part("Memory", about, ("painting", "MB"))
    for number in range(paintings):
        in_the_page(page, max(steps // 10, 5))
        part.rows.append([str(number + 1), f"{resident(page) / 1e6:.0f}"])
    return part


def natively(stylizer: nst_onnx.Stylizer, size: int, steps: int) -> float:
    """Return the seconds of a painting by the package, pictures read and plateau test included."""
    begun = time.monotonic()
    stylizer.stylize(PHOTO, PAINTING, size=size, steps=steps)
    return time.monotonic() - begun


def in_the_page(page: Any, steps: int) -> float:
    """Return the seconds of a painting by the page, as a visitor waits for it."""
    page.set_steps(steps)
    begun = time.monotonic()
    page.click("paint")
    page.wait_for_the_picture()
    return time.monotonic() - begun


def resident(page: Any) -> int:
    """Return the resident memory of the browser's renderers, in bytes (Linux)."""
    total = 0
    profile = page.browser.capabilities["chrome"]["userDataDir"]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
            if "--type=renderer" in command and profile in command:
                total += 4096 * int((folder / "statm").read_text().split()[1])
        except OSError:  # it has ended meanwhile
            continue
    return total


@contextmanager
def visitor(folder: Path) -> Iterator[Any]:
    """Yield a visitor who has opened the page and chosen the pair."""
    sys.path.insert(0, str(ROOT / "tests"))
    browser, web_page = import_module("support.browser"), import_module("support.web_page")
    server = browser.StaticServer(web_page.built(folder))
    with browser.chromium(folder) as opened:
        page = web_page.Visitor(opened)
        page.open(f"{server.origin}/?gpu=none")
        page.wait_until_isolated()
        page.choose(PHOTO, PAINTING)
        yield page
    server.stop()


if __name__ == "__main__":
    main()
