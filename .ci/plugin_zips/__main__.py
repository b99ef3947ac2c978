"""The plug-ins as ZIPs, one for each editor, which set up their engine from inside.

python .ci/plugin_zips dist/nst_onnx-*.whl --output dist

Requires `uv` (the ZIPs install the same version of it) and `packaging`, and the package index.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "plugin")]

from archive import EDITORS, write  # noqa: E402 - found by the path above
from lock import Lock  # noqa: E402 - found by the path above
from pip._internal.models.index import PyPI  # noqa: E402 - imports stand together


def main() -> None:
    """Write the ZIPs and print their paths."""
    parser = argparse.ArgumentParser(prog="plugin_zips", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path, help="the wheel of nst-onnx that the ZIPs bring")
    parser.add_argument("--output", type=Path, default=Path("dist"), help="where the ZIPs go")
    parser.add_argument("--index", default=PyPI.simple_url, help="the package index")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        setup = Path(folder)
        shutil.copy(given.wheel, setup)
        facts = Lock(given.wheel.resolve(), given.index, setup).write()
        given.output.mkdir(parents=True, exist_ok=True)
        for editor in EDITORS:
            print(write(editor, ROOT / "plugin", setup, facts, given.output))


if __name__ == "__main__":
    main()
