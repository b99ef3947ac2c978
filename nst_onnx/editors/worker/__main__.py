"""``python -m nst_onnx.worker``: run by an editor's plug-in, not by hand."""

from __future__ import annotations

import argparse
import faulthandler


def main() -> None:
    """Serve the parent process until it ends or sends `shutdown`."""
    parser = argparse.ArgumentParser(
        prog="python -m nst_onnx.worker",
        description="The engine that editors' plug-ins drive, by lines of JSON on standard input and output.",
    )
    parser.add_argument("--folder", metavar="DIR", help="make the private folder for pixels in here")
    folder = parser.parse_args().folder
    if faulthandler.is_enabled() is False:
        faulthandler.enable()  # a crash in native code leaves its place in the log
    from nst_onnx.editors.worker import channel

    lines = channel.take_over()  # before anything else is imported that may print
    from nst_onnx.editors.worker.service import Service

    Service(lines, folder).run()


if __name__ == "__main__":
    main()
