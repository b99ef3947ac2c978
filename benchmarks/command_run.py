"""Seconds and peak memory of the command in a fresh process, from the interpreter's start to the saved file.

    python -m benchmarks.command_run stylize photo.jpg painting.jpg -o out.png -q

BEGUN in the environment is when the process was started. Prints {"seconds": …, "peak": bytes}.
"""

from __future__ import annotations

import json
import os
import sys
import time

from benchmarks.peak_memory import peak


def main() -> None:
    """Run the command of the arguments; exit with its code where it fails."""
    from nst_onnx.cli import main as command

    code = command(sys.argv[1:])
    seconds = time.time() - float(os.environ["BEGUN"])
    if code:
        sys.exit(code)
    print(json.dumps({"seconds": seconds, "peak": peak()}))


if __name__ == "__main__":
    main()
