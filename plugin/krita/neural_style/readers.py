"""The formats that this Krita reads: not every build has all of its readers."""

from __future__ import annotations

from pathlib import Path

import krita


def has_reader(suffix: str) -> bool:
    """Return whether this Krita has its reader of files with a suffix; True where that cannot be known."""
    plug_ins = Path(krita.__file__).parents[2] / "kritaplugins"  # beside krita-python-libs, but on macOS
    return not plug_ins.is_dir() or any(plug_ins.glob(f"*krita{suffix[1:]}import*"))
