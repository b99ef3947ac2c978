from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from support.checkout import ROOT
from support.command import Outcome

from nst_onnx.cli.commands import doctor

Nst = Callable[..., Outcome]


def findings(outcome: Outcome) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in json.loads(outcome.out)}


def test_a_sound_installation(nst: Nst) -> None:
    outcome = nst("doctor", "--json")
    found = findings(outcome)
    assert (outcome.code, outcome.err) == (0, "")
    assert found["numpy"]["text"] == numpy.__version__
    assert found["model for auto"]["text"].startswith("compact")
    assert found["picture on cpu"]["state"] == "good"
    assert "steps" in found["picture on cpu"]["text"]
    assert found["cache"]["text"].startswith(os.environ["NST_ONNX_HOME"])


def test_the_dependencies_are_those_of_the_package(nst: Nst) -> None:
    """All that pyproject.toml names, but for onnxruntime's kinds and what only developers need."""
    found = findings(nst("doctor", "--json"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = {name: project["optional-dependencies"][name] for name in doctor.PURPOSES}
    for requirement in project["dependencies"]:
        assert found[re.split(r"[>=\[]", requirement)[0]]["state"] == "good"
    for extra, requirements in extras.items():
        for requirement in requirements:
            finding = found[re.split(r"[>=\[]", requirement)[0]]
            assert finding["state"] == "good" or f"nst-onnx[{extra}]" in finding["text"]
    assert "pytest" not in found


def test_dependencies_of_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGE", "not-installed-anywhere")
    (finding,) = doctor._dependencies()
    assert finding.state == "warning"


def test_for_people(nst: Nst) -> None:
    outcome = nst("doctor")
    assert outcome.code == 0
    assert "FAIL" not in outcome.out
    assert "ok   picture on cpu" in outcome.out


def test_a_broken_model_is_told(nst: Nst, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NST_ONNX_MODEL", "no.onnx")
    outcome = nst("doctor", "--json")
    found = findings(outcome)
    assert outcome.code == 1
    assert found["model for auto"]["state"] == "broken"
    assert "NST_ONNX_MODEL=no.onnx" in found["model for auto"]["text"]
    assert found["picture on cpu"]["state"] == "good"


def test_a_cache_that_cannot_be_written_is_told(
    nst: Nst, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NST_ONNX_HOME", str(tmp_path / "file"))
    outcome = nst("doctor", "--json")
    assert outcome.code == 0
    assert findings(outcome)["cache"]["state"] == "warning"


def test_missing_onnxruntime_is_told(tmp_path: Path) -> None:
    """A module that cannot be imported, and says so, stands for one that is not installed."""
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('not here')")
    done = subprocess.run(
        [sys.executable, "-m", "nst_onnx", "doctor"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
    )
    assert done.stderr == ""
    assert done.returncode == 1
    assert "FAIL onnxruntime" in done.stdout
    assert "nst-onnx[cpu]" in done.stdout
