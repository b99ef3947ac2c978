"""Facts of the machine and software versions of a measurement."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = ("nst-onnx", "numpy", "onnx", "onnxruntime", "onnxruntime-gpu", "openvino", "torch")


def facts() -> dict[str, str]:
    """Return {name: value} of the machine's facts and the packages' versions."""
    return {
        "processor": processor(),
        "instructions": instructions(),
        "cores": str(cores()),
        "memory": f"{memory() / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{name: version for name in PACKAGES if (version := installed(name))},
    }


def processor() -> str:
    """Return the processor's name."""
    found = _first_line("/proc/cpuinfo", "model name")
    family, model = _first_line("/proc/cpuinfo", "cpu family"), _first_line("/proc/cpuinfo", "model\t")
    return f"{found} (family {family}, model {model})" if found else platform.processor() or "unknown"


def instructions() -> str:
    """Return the relevant instruction sets of the processor."""
    flags = _first_line("/proc/cpuinfo", "flags").split()
    known = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16")
    return " ".join(flag for flag in known if flag in flags) or "unknown"


def cores() -> int:
    """Return the number of processors available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int:
    """Return the machine's memory in bytes, 0 where it is unknown."""
    if not hasattr(os, "sysconf"):
        return 0
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def commit() -> str:
    """Return the commit that is checked out, with a plus where files differ from it; "" outside of git."""
    words = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(words, cwd=Path(__file__).parent, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip()


def load() -> float | None:
    """Return the load average of the last minute; None where it is unknown."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def installed(package: str) -> str:
    """Return a package's version, "" where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _first_line(path: str, key: str) -> str:
    file = Path(path)
    lines = file.read_text().splitlines() if file.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
