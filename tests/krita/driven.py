"""A real Krita on a virtual screen that goes through scenarios; for tests and benchmarks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.real_editor import PICTURES

HERE = Path(__file__).resolve().parent
Scenario = tuple[str, str, dict[str, Any]]
"""Its name, its function in scenarios/, and what that function gets."""


def installed(home: Path) -> dict[str, str]:
    """Install the plug-in as the guide says; return the environment of the person whose home this is."""
    names = {"HOME": "", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config"}
    environment = {**os.environ, **{name: str(home / folder) for name, folder in names.items()}}
    line = ["nst-onnx", "plugin", "install", "krita"]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return environment


def go_through(
    scenarios: Sequence[Scenario],
    profile: dict[str, str],
    folder: Path,
    temporary: Path,
    seconds: float = 400,
) -> str:
    """Have Krita go through scenarios, each in a folder of its own in `folder`; return what it printed.

    Krita is ended when it has come to the end of none of them for so many seconds: an error dialog of its own
    waits for ever.
    """
    pykrita = Path(profile["XDG_DATA_HOME"]) / "krita" / "pykrita"
    driver = pykrita / "nst_driver"
    shutil.copytree(HERE / "scenarios", driver, ignore=shutil.ignore_patterns("__pycache__"))
    desktop = (pykrita / "neural_style.desktop").read_text()
    (pykrita / "nst_driver.desktop").write_text(desktop.replace("neural_style", "nst_driver"))
    settings = Path(profile["XDG_CONFIG_HOME"]) / "kritarc"
    settings.write_text(settings.read_text().replace("[python]\n", "[python]\nenable_nst_driver=true\n"))
    environment = {
        **profile,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "TMPDIR": str(temporary),
        **PICTURES,
        "NST_FOLDER": str(folder),
        "NST_PLUGIN": str(pykrita / "neural_style"),
        "NST_SCENARIOS": json.dumps(scenarios),
    }
    line = ["dbus-run-session", "xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", "krita", "--nosplash"]
    log = folder / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            line, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        ended, since = 0, time.monotonic()
        while process.poll() is None:
            time.sleep(0.2)
            if (now := sum(1 for _ in folder.glob("*/facts.json"))) != ended:
                ended, since = now, time.monotonic()
            elif time.monotonic() - since > seconds:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return log.read_text(errors="replace")


def measured(scenarios: Sequence[Scenario], scratch: Path, seconds: float = 400) -> dict[str, dict[str, Any]]:
    """Have a Krita with a home in the empty folder `scratch` go through scenarios; return what each told."""
    home, folder, temporary = (scratch / name for name in ("home", "scenarios", "tmp"))
    for path in (home, folder, temporary):
        path.mkdir()
    output = go_through(scenarios, installed(home), folder, temporary, seconds)
    found = {}
    for name, _function, _arguments in scenarios:
        told = folder / name / "facts.json"
        found[name] = json.loads(told.read_text()) if told.is_file() else {"crashed": output[-2000:]}
        assert "crashed" not in found[name], found[name]["crashed"]
    return found
