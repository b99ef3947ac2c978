"""How many NVIDIA GPUs there are."""

from __future__ import annotations

import ctypes
import sys


def count() -> int:
    """Return how many GPUs CUDA's driver shows to this process (CUDA_VISIBLE_DEVICES limits them)."""
    found = ctypes.c_int()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(found))
    except (OSError, AttributeError):  # there is no driver, or none that is one
        return 0
    return 0 if failed else found.value
