"""What a release consists of: the container, the bare environments, the list of what is installed."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import Any

import pytest
import yaml
from support.checkout import ROOT

DOCKERFILE = ROOT / "Dockerfile"
RELEASE = ROOT / ".github" / "workflows" / "release.yml"

pytestmark = pytest.mark.skipif(not DOCKERFILE.is_file(), reason="not a checkout")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and what follows them, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_container_runs_the_command_as_an_ordinary_user() -> None:
    found = instructions()
    users = [value for name, value in found if name == "USER"]
    assert users
    assert users[-1] not in ("root", "0")
    assert any(f"useradd --create-home {users[-1]}" in value for name, value in found if name == "RUN")
    (entry,) = (value for name, value in found if name == "ENTRYPOINT")
    assert entry.strip('[]"') in project()["scripts"]


def test_the_container_has_a_python_and_an_extra_of_ours() -> None:
    arguments = dict(value.split("=") for name, value in instructions() if name == "ARG" and "=" in value)
    assert arguments["EXTRA"] in project()["optional-dependencies"]
    assert f"Programming Language :: Python :: {arguments['PYTHON']}" in project()["classifiers"]


def test_a_release_waits_for_a_painting_in_every_python_that_we_name() -> None:
    jobs = yaml.safe_load(RELEASE.read_text("utf-8"))["jobs"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project()["classifiers"]))
    assert jobs["bare"]["strategy"]["matrix"]["python"] == named
    assert "bare" in jobs["publish"]["needs"]
    commands = [shlex.split(step["run"])[0] for step in jobs["bare"]["steps"] if "run" in step]
    assert (ROOT / commands[-1]).stat().st_mode & 0o111


def test_the_readme_tells_where_a_wheel_is_missing() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert re.search(r"Intel Mac.*3\.11 to 3\.13", text)
    assert "pipx run --spec" in text
    assert "uvx --from" in text
