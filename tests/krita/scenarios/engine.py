"""The engine's processes and files on this computer."""

import os
from pathlib import Path


def workers():
    """Return the process numbers of the workers that this Krita started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if b"nst_onnx.worker" in words and parent == os.getpid():
                found.append(int(entry.name))
    return found


def folders():
    return [path for path in Path(os.environ["TMPDIR"]).glob("nst-onnx-*") if path.is_dir()]
