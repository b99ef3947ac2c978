"""A real Krita on a virtual screen, with the plug-in installed in a profile of its own; tests skip where
there is none.

    .ci/krita-system build ../krita
    .ci/krita-system run ../krita sh -c "cd /src/nst-onnx && pytest -n 0 tests/krita"
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.real_editor import Told, skip_without

from .colour_spaces import SPACES
from .driven import go_through, installed

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
    ("strip", "strip", {}),
    ("styles", "styles", {}),
    ("regions", "regions", {}),
    ("regions as layers", "regions", {"apart": True}),
    ("a region alone", "regions", {"rest_kept": True}),
    ("a soft region", "regions", {"rest_kept": True, "feather": 8}),
    ("a soft region as a layer", "regions", {"rest_kept": True, "feather": 8, "apart": True}),
    ("again", "again", {}),
    ("more", "more", {}),
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
    return installed(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def krita(profile: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Have Krita go through all scenarios."""
    folder, temporary = tmp_path_factory.mktemp("scenarios"), tmp_path_factory.mktemp("tmp")
    return Session(folder, go_through(SCENARIOS, profile, folder, temporary))
