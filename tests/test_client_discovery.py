"""Where a plug-in finds its engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import EngineError, find
from nst_client.protocol import FOLDER_PREFIX, PROTOCOL

from nst_onnx.editors.worker import protocol, stale_folders

GOOD = {
    "command": [sys.executable, "-m", "nst_onnx.worker"],
    "version": "0.1.0",
    "install": "nst-onnx plugin install krita",
}


def write(folder: Path, facts: Any) -> Path:
    (folder / "engine.json").write_text(json.dumps(facts), "utf-8")
    return folder


def test_the_engine_is_found_by_engine_json(tmp_path: Path) -> None:
    found = find(write(tmp_path, GOOD))
    assert found.command == GOOD["command"]
    assert (found.version, found.install) == ("0.1.0", "nst-onnx plugin install krita")
    assert find(str(tmp_path)) == found


def test_a_command_may_be_a_name_that_is_looked_up(tmp_path: Path) -> None:
    command = ["flatpak-spawn", "--host", "python3"]
    assert find(write(tmp_path, GOOD | {"command": command})).command == command


@pytest.mark.parametrize(
    "facts",
    [
        {},
        [],
        3,
        {"command": []},
        GOOD | {"command": "python"},
        GOOD | {"command": [1]},
        {"command": GOOD["command"]},
        GOOD | {"command": ["/nowhere/at/all/python"]},
    ],
)
def test_unusable_engine_files_are_reported_with_a_remedy(tmp_path: Path, facts: Any) -> None:
    with pytest.raises(EngineError) as caught:
        find(write(tmp_path, facts))
    assert "plugin install" in caught.value.hint


def test_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"engine\.json is missing"):
        find(tmp_path)
    (tmp_path / "engine.json").write_bytes(b"\xff{")
    with pytest.raises(EngineError, match=r"engine\.json cannot be used"):
        find(tmp_path)


def test_client_and_worker_agree() -> None:
    assert protocol.PROTOCOL == PROTOCOL
    assert stale_folders.PREFIX == FOLDER_PREFIX
