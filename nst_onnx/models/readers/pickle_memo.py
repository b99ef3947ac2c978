"""Check of a pickle's memo before it is loaded: Python's unpickler allocates it up to the highest index."""

from __future__ import annotations

import pickle
import pickletools
from typing import IO


def check(file: IO[bytes]) -> None:
    """Raise UnpicklingError where a memo index is above the number of operations; the position stays.

    Picklers number what they store from 0 or 1. One index of 2³² - 1 would take 64 GB.
    """
    start = file.tell()
    for count, (operation, argument, _) in enumerate(pickletools.genops(file), 1):
        if operation.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > count:
            raise pickle.UnpicklingError(f"memo index {argument} after {count} operations")
    file.seek(start)
