"""The environment of the tests and of every process that they start, free of what the user has set.

Kept is what says where programs and libraries are, and which instructions and GPUs they may use. All else
is dropped: settings of nst-onnx, Python and terminals, proxies, languages. The home is an empty folder, and
so are its folders of caches, settings and data: a network that the user has installed is not there.
"""

import os
import re
import site
from collections.abc import Mapping
from pathlib import Path

_KEPT = re.compile(
    r"PATH|TMPDIR|TEMP|TMP|USER|USERNAME|LOGNAME|VIRTUAL_ENV|DISPLAY|XAUTHORITY"
    r"|(DY)?LD_.*|PYTEST_.*|COV.*|CUDA_.*|NVIDIA_.*"
    r"|OPENBLAS_CORETYPE|NPY_DISABLE_CPU_FEATURES|ONEDNN_MAX_CPU_ISA"  # to emulate an older processor
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|PROGRAMFILES|NUMBER_OF_PROCESSORS|PROCESSOR_.*"
)
_FOLDERS = {
    "HOME": "",
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "USERPROFILE": "",
    "APPDATA": "AppData/Roaming",
    "LOCALAPPDATA": "AppData/Local",
}


def isolated(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return `environment` without what the user has set, with an empty folder as the home."""
    kept = {name: value for name, value in environment.items() if _KEPT.fullmatch(name.upper())}
    folders = {name: str(home / folder) for name, folder in _FOLDERS.items()}
    chosen = {
        "LANG": "C.UTF-8",
        "PYTHONUSERBASE": site.getuserbase(),  # packages of `pip install --user` stay importable
        "OMP_NUM_THREADS": "1",  # numpy's products: the processes of pytest-xdist share the cores
    }
    return kept | folders | chosen


def isolate(home: Path) -> None:
    """Isolate this process and those that it starts. Call it before numpy and onnxruntime are imported."""
    chosen = isolated(os.environ, home)
    os.environ.clear()
    os.environ.update(chosen)
