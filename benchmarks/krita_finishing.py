"""How long Krita's "Finishing…" takes: from the engine's painting to the layer, for four megapixels.

    .ci/editor-system run DIR python benchmarks/krita_finishing.py

A real Krita on a virtual screen. The painting is one of 2448×1632 pixels, of which all is selected, or a part
with feathered edges.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

# The stubs' `krita` is the editor's own module; this one is tests/krita.
from krita.driven import measured  # type: ignore[import-not-found]  # noqa: E402

SCENARIOS = [(f"feather {feather}", "finishing", {"feather": feather}) for feather in (0, 5, 60)]


def main() -> None:
    """Measure and print a table."""
    with tempfile.TemporaryDirectory() as scratch:
        told = measured(SCENARIOS, Path(scratch))
    print("| selection | finishing, seconds |")
    print("|---|---:|")
    for name, facts in told.items():
        print(f"| {name} | {facts['seconds']} |")
    print(f"\n{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
