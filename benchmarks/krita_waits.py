"""Latency in Krita: of the live preview, of the first one after Paint, and of Cancel.

    .ci/editor-system run DIR python benchmarks/krita_waits.py [--sizes 512x384 2560x1920] [--runs 10]

A real Krita on a virtual screen. The clock starts with the slider's new value or the button's click, inside
of Krita, and stops when the picture has been drawn, or for Cancel the controls in place of the painting. The
engine is warm: it has told how long the painting would take.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

# The stubs' `krita` is the editor's own module; this one is tests/krita.
from krita.driven import measured  # type: ignore[import-not-found]  # noqa: E402

from benchmarks import editor_results, machine  # noqa: E402
from benchmarks.report import Part  # noqa: E402

WAITS = {
    "slider": "a slider to the new live preview",
    "paint": "*Paint* to the first preview",
    "cancel": "*Cancel* to the controls in its place",
}
HEADER = ("", "median s", "worst s", "runs")


def main() -> None:
    """Measure, print the tables, and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["512x384", "2560x1920"])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--output", type=Path, help="write OUTPUT.md and OUTPUT.json")
    given = parser.parse_args()
    before, parts, version = machine.load(), [], ""
    scenarios = []
    for size in given.sizes:
        width, height = map(int, size.split("x"))
        scenarios.append((size, "waits", {"width": width, "height": height, "runs": given.runs}))
    with tempfile.TemporaryDirectory() as scratch:
        told = measured(scenarios, Path(scratch))
    for size, facts in told.items():
        version = facts["version"]
        part = Part(f"A layer of {size} pixels", "Seconds, with the docker's first settings.", HEADER)
        for name, label in WAITS.items():
            seconds = facts[name]
            median = f"{statistics.median(seconds):.2f}"
            part.rows.append((label, median, f"{max(seconds):.2f}", str(len(seconds))))
            part.records.append({"wait": name, "seconds": seconds})
        parts.append(part)
    found = {"editor": f"Krita {version}", "load": f"{before:.1f} before, {machine.load():.1f} after"}
    editor_results.write(given.output, "Waiting in Krita", "benchmarks/krita_waits.py", found, parts)


if __name__ == "__main__":
    main()
