"""``python -m nst_onnx`` is the command ``nst-onnx``."""

import sys

from nst_onnx.cli import main

if __name__ == "__main__":
    sys.exit(main())
