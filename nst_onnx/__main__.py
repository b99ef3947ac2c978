"""``python -m nst_onnx`` is the command ``nst-onnx``."""

import os
import sys

# Not by pathlib, which would itself be imported from there.
if not sys.flags.safe_path and not os.path.isdir(os.path.join(sys.path[0], "nst_onnx")):  # noqa: PTH112, PTH118
    del sys.path[0]  # the working folder, as of every ``python -m``: nothing beside pictures is executed

from nst_onnx.cli import main

if __name__ == "__main__":
    sys.exit(main())
