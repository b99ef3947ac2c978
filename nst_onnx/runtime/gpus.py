"""NVIDIA GPUs: how many there are, and their memory."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from functools import cache


def count() -> int:
    """Return the number of GPUs that CUDA's driver reports (CUDA_VISIBLE_DEVICES limits them)."""
    found = ctypes.c_int()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(found))
    except (OSError, AttributeError):  # no driver is installed, or the library is not a driver
        return 0
    return 0 if failed else found.value


@cache
def memory(index: int) -> int | None:
    """Return the bytes of a GPU's memory as ``nvidia-smi`` reports them; None where it does not."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = [program, f"--id={index}", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return int(answer) << 20 if answer.isdigit() else None  # in MiB
