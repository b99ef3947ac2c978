"""Sharpness of a large photo painted with quality Good in a real Krita, and the time it takes.

    .ci/editor-system run DIR python benchmarks/krita_sharpness.py PHOTO PAINTING [--size 2560x1920]

A real Krita on a virtual screen, with the settings that the docker opens with; sharpness.py judges.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

# The stubs' `krita` is the editor's own module; this one is tests/krita.
from krita.driven import measured  # type: ignore[import-not-found]  # noqa: E402

from benchmarks.sharpness import Run, judge  # noqa: E402


def paint(photo: Path, painting: Path, painted: Path, scratch: Path) -> Run:
    """Paint in Krita, and store the new layer as a picture."""
    with Image.open(photo) as picture:
        width, height = picture.size
    arguments = {"path": str(photo), "width": width, "height": height, "style": str(painting)}
    facts = measured([("whole", "whole_photo", arguments)], scratch, seconds=3600)["whole"]
    if not facts["placed"]:
        sys.exit(facts["message"])
    folder = scratch / "scenarios" / "whole"
    shutil.copy(folder / "docker.png", painted.with_name("dialog.png"))
    raw = (folder / "made").read_bytes()
    Image.frombytes("RGBA", tuple(facts["made"]["bounds"][2:]), raw, "raw", "BGRA").save(painted)
    return Run(f"Krita {facts['version']}", facts["announced"], facts["said"], facts["seconds"])


if __name__ == "__main__":
    judge("benchmarks/krita_sharpness.py", str(__doc__), paint)
