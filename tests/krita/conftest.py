"""A real Krita on a virtual screen, with the plug-in installed in a profile of its own; tests skip where
there is none.

    .ci/krita-system build ../krita
    .ci/krita-system run ../krita sh -c "cd /src/nst-onnx && pytest -n 0 tests/krita"
"""

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.real_editor import PICTURES, Told, skip_without

from .colour_spaces import SPACES

HERE = Path(__file__).resolve().parent
SAMPLE = {"U8": np.uint8, "U16": np.uint16, "F16": np.float16, "F32": np.float32}
CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4}
REPLACE = {"output": "replace"}
SCENARIOS: list[tuple[str, str, dict[str, Any]]] = [
    ("refusals", "refusals", {}),
    ("whole", "whole_layer", {}),
    ("two styles", "two_styles", {}),
    ("replaced", "whole_layer", REPLACE),
    ("replaced, with properties", "with_properties", REPLACE),
    ("replaced in a group", "in_a_group", REPLACE),
    ("selection", "selection", {}),
    ("hole", "selection", {"clear": True}),
    ("selection replaced", "selection", REPLACE),
    ("hole replaced", "selection", {"clear": True, **REPLACE}),
    *[
        (name, "selection", {"space": [model, depth, profile]})
        for name, (model, depth, profile) in SPACES.items()
    ],
    ("16 bits replaced", "selection", {"space": SPACES["16 bits"], **REPLACE}),
    ("large", "large", {}),
    ("new document", "new_document", {}),
    ("gray new document", "new_document", {"space": SPACES["gray, 16 bits"]}),
    ("group", "group", {}),
    ("changed meanwhile", "changed_meanwhile", {}),
    ("changed meanwhile, to be replaced", "changed_meanwhile", REPLACE),
    ("locked meanwhile, to be replaced", "locked_meanwhile", REPLACE),
    ("another layer chosen meanwhile", "other_layer_meanwhile", REPLACE),
    ("another picture looked at meanwhile", "other_picture_meanwhile", REPLACE),
    ("cancelled", "cancelled", {}),
    ("kept", "kept", {}),
    ("worker killed", "worker_killed", {}),
    ("layer deleted", "layer_deleted", {}),
    ("picture closed", "picture_closed", {}),
    ("picture closed, for a new document", "picture_closed", {"output": "new-document"}),
    ("no engine.json", "engine_missing", {"kind": "file"}),
    ("python gone", "engine_missing", {"kind": "python"}),
    ("engine does not start", "engine_missing", {"kind": "false"}),
    ("nst-onnx upgraded", "engine_missing", {"kind": "version"}),
    ("offers", "offers", {}),
    ("looks", "looks", {}),
    ("menu", "menu", {}),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if HERE in item.path.parents and "krita" in item.fixturenames]
    skip_without(("krita", "xvfb-run"), here, ".ci/krita-system")


class Painted(Told):
    """The same, of layers of Krita's."""

    def pixels(self, name: str) -> np.ndarray:
        """Return the layer that was written as `name`, H×W×C, in its own sample type."""
        facts = self.facts[name]
        model, depth, _profile = facts["space"]
        width, height = facts["bounds"][2:]
        return np.frombuffer(self.raw(name), SAMPLE[depth]).reshape(height, width, CHANNELS[model])

    def mask(self) -> np.ndarray:
        """Return the selection over the layer, H×W."""
        width, height = self.facts["before"]["bounds"][2:]
        return np.frombuffer(self.raw("mask"), np.uint8).reshape(height, width)


@dataclass(frozen=True)
class Session:
    """One run of Krita, in which all scenarios were gone through."""

    folder: Path
    output: str

    def __call__(self, scenario: str) -> Painted:
        return Painted.read(self.folder / scenario, self.output)


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a person who has just installed the plug-in as the guide says."""
    home = tmp_path_factory.mktemp("home")
    names = {"HOME": "", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config"}
    environment = {**os.environ, **{name: str(home / folder) for name, folder in names.items()}}
    line = ["nst-onnx", "plugin", "install", "krita"]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return environment


@pytest.fixture(scope="session")
def krita(profile: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Have Krita go through all scenarios."""
    folder, temporary = tmp_path_factory.mktemp("scenarios"), tmp_path_factory.mktemp("tmp")
    pykrita = Path(profile["XDG_DATA_HOME"]) / "krita" / "pykrita"
    driver = pykrita / "nst_driver"
    shutil.copytree(HERE / "scenarios", driver, ignore=shutil.ignore_patterns("__pycache__"))
    desktop = (pykrita / "neural_style.desktop").read_text()
    (pykrita / "nst_driver.desktop").write_text(desktop.replace("neural_style", "nst_driver"))
    settings = Path(profile["XDG_CONFIG_HOME"]) / "kritarc"
    settings.write_text(settings.read_text().replace("[python]\n", "[python]\nenable_nst_driver=true\n"))
    environment = {
        **profile,
        "OMP_NUM_THREADS": "1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "TMPDIR": str(temporary),
        **PICTURES,
        "NST_FOLDER": str(folder),
        "NST_PLUGIN": str(pykrita / "neural_style"),
        "NST_SCENARIOS": json.dumps(SCENARIOS),
    }
    line = ["dbus-run-session", "xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", "krita", "--nosplash"]
    log = folder / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            line, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            process.wait(600)
        except subprocess.TimeoutExpired:  # an error dialog of Krita's, for one
            os.killpg(process.pid, signal.SIGKILL)
    return Session(folder, log.read_text(errors="replace"))
