"""Project files agree with the code and with each other: workflows, templates, citation, site."""

from __future__ import annotations

import pkgutil
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

import nst_onnx
from nst_onnx.cli.app import build

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
REFERENCE = sorted((ROOT / "docs" / "reference").glob("*.md"))

pytestmark = pytest.mark.skipif(not GITHUB.is_dir(), reason=".github/ is not part of this installation")


class _Loader(yaml.SafeLoader):
    """YAML without Python objects: mkdocs.yml names a function, which is not called here."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: suffix)


def load(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), _Loader)


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in load(workflow)["jobs"].values() for step in job.get("steps", ())]


def runs(workflow: Path) -> list[str]:
    return [step["run"] for step in steps(workflow) if "run" in step]


@pytest.mark.parametrize(
    "path",
    [
        *WORKFLOWS,
        *FORMS,
        GITHUB / "ISSUE_TEMPLATE" / "config.yml",
        ROOT / "CITATION.cff",
        ROOT / "mkdocs.yml",
        ROOT / ".pre-commit-config.yaml",
    ],
    ids=lambda path: path.name,
)
def test_yaml_is_valid(path: Path) -> None:
    assert isinstance(load(path), dict)


# ---- workflows


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_bounded(path: Path) -> None:
    """Reading is the only right by default, time is limited, actions are pinned, no second run beside one."""
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    for name, job in workflow["jobs"].items():
        assert "uses" in job or job["timeout-minutes"] <= 60, name
    for step in steps(path):
        assert "uses" not in step or re.search(r"@(v\d+|release/v\d+)$", step["uses"]), step


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_files_that_are_named_exist(path: Path) -> None:
    text = path.read_text("utf-8").replace("$GITHUB_WORKSPACE/", "")
    folders = "|".join(re.escape(p.name) for p in ROOT.iterdir() if p.is_dir() and p.name != ".venv")
    named = set(re.findall(rf"(?<![\w/.-])((?:\./)?(?:{folders})/[\w./*-]*[\w*])", text))
    named |= set(re.findall(r"(?<![\w/.-])[A-Z]+\.md|pyproject\.toml", text))
    # Made by the workflow itself.
    named -= {"dist/*", "notes/notes.md", "nst_onnx/page/index.html", "web/dist", "web/models"}
    assert named
    assert [name for name in sorted(named) if not list(ROOT.glob(name.removeprefix("./")))] == []


def test_commands_of_workflows_are_ones() -> None:
    """Every nst-onnx command line is one that the command understands."""
    lines = [line for path in WORKFLOWS for run in runs(path) for line in run.splitlines()]
    commands = [line.partition("bin/nst-onnx ")[2] for line in lines if "bin/nst-onnx " in line]
    assert commands
    for line in commands:
        words = shlex.split(line.replace("$GITHUB_WORKSPACE", str(ROOT)))
        command = typer.main.get_command(build()).commands[words[0]]  # type: ignore[attr-defined]
        assert command.make_context(words[0], words[1:]).command is command


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (command,) = re.findall(r"^python3 -m venv .*pytest.*$", readme, re.MULTILINE)
    windows = command.replace("python3 ", "python ").replace(".venv/bin/", ".venv/Scripts/")
    assert {command, windows} <= set(runs(GITHUB / "workflows" / "ci.yml"))


def test_continuous_integration_tests_every_python_that_is_declared() -> None:
    declared = re.findall(r"Python :: (3\.\d+)", "\n".join(project()["classifiers"]))
    matrix = load(GITHUB / "workflows" / "ci.yml")["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == declared
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_extras_that_are_named_exist() -> None:
    text = "".join(path.read_text("utf-8") for path in [*WORKFLOWS, ROOT / "CONTRIBUTING.md"])
    named = re.findall(r"\[([a-z,]+)\]\"", text) + re.findall(r"extras: ([a-z,]+)", text)
    extras = {extra for names in named for extra in names.split(",")}
    assert {"cpu", "test", "docs"} <= extras <= set(project()["optional-dependencies"])


def test_optional_dependencies_are_tested_as_in_the_local_run() -> None:
    local = (ROOT / ".ci" / "run").read_text("utf-8")
    for case in load(GITHUB / "workflows" / "ci.yml")["jobs"]["extras"]["strategy"]["matrix"]["include"]:
        assert f" {case['extras']}\n" in local
        assert [name for name in case["tests"].split() if name not in local] == []


def test_the_newest_editors_are_tested_weekly_and_when_a_plug_in_changes() -> None:
    workflow = load(GITHUB / "workflows" / "editors.yml")
    when = workflow[True]  # YAML's word "on" is a truth value
    assert re.fullmatch(r"\d+ \d+ \* \* \d", when["schedule"][0]["cron"])
    paths = when["push"]["paths"]
    assert "plugin/**" in paths
    assert [path for path in paths if not (ROOT / path.removesuffix("/**")).exists()] == []
    (job,) = workflow["jobs"].values()
    system = (ROOT / ".ci" / "editor-system").read_text("utf-8")
    assert f"{job['env']['SUITE']}, which is sid and more, Krita 6" in system
    build, test = (line for line in runs(GITHUB / "workflows" / "editors.yml") if "editor-system" in line)
    for editor in build.partition("/opt/editors ")[2].split():
        assert f"[{editor}]=" in system
        assert f"tests/{editor}" in test


def test_editors_are_tested_as_in_the_local_run() -> None:
    local = (ROOT / ".ci" / "run").read_text("utf-8")
    for line in runs(GITHUB / "workflows" / "ci.yml"):
        for told in re.findall(r"editor-system build \S+ (.+)|&& (pytest .+)\"", line):
            assert "".join(told) in local


def test_the_changelog_has_a_section_for_the_version() -> None:
    """From which release.yml takes the release notes."""
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == nst_onnx.__version__


# ---- templates and citation


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_issue_forms_have_what_github_requires(path: Path) -> None:
    form = load(path)
    assert form["name"]
    assert form["description"]
    fields = form["body"]
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown"}
    assert all(field["attributes"]["label"] for field in fields)
    assert all(field["attributes"]["options"] for field in fields if field["type"] == "dropdown")
    assert len({field["id"] for field in fields}) == len(fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_reports_of_faults_ask_for_the_output_of_doctor() -> None:
    asking = {path.name for path in FORMS if "`nst-onnx doctor`" in path.read_text("utf-8")}
    assert asking == {path.name for path in FORMS} - {"4-feature.yml"}


def test_the_citation_is_valid_and_current() -> None:
    """The keys that CFF 1.2.0 requires, and their types."""
    citation = load(ROOT / "CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert citation["version"] == nst_onnx.__version__
    assert citation["license"] == project()["license"]
    assert citation["title"] == project()["name"]
    assert [author["name"] for author in citation["authors"]] == [a["name"] for a in project()["authors"]]
    assert citation["message"]
    for reference in citation["references"]:
        assert {"type", "title", "authors", "year"} <= set(reference)
        assert all({"family-names", "given-names"} <= set(author) for author in reference["authors"])
        assert isinstance(reference["year"], int)


# ---- the site


def test_every_public_name_has_an_entry_in_the_reference() -> None:
    listed = {name for page in REFERENCE for name in re.findall(r"^::: (\S+)", page.read_text("utf-8"), re.M)}
    assert {f"nst_onnx.{name}" for name in nst_onnx.__all__ if name != "__version__"} <= listed
    for name in listed:
        assert pkgutil.resolve_name(name) is not None


def test_the_site_loads_nothing_from_elsewhere() -> None:
    site = load(ROOT / "mkdocs.yml")
    assert site["theme"]["font"] is False
    assert "repo_url" not in site  # with it, pages ask GitHub's API for the number of stars
    assert not {"analytics", "consent"} & set(site["extra"])
    assert not {"extra_css", "extra_javascript"} & set(site)


def test_one_address_of_the_repository() -> None:
    address = project()["urls"]["Homepage"]
    paths = [ROOT / name for name in ("SECURITY.md", "CITATION.cff", "mkdocs.yml", "CONTRIBUTING.md")]
    paths += [GITHUB / "ISSUE_TEMPLATE" / "config.yml"]
    texts = [path.read_text("utf-8") for path in paths] + list(project()["urls"].values())
    found = {match for text in texts for match in re.findall(r"https://github\.com/[\w-]+/[\w-]+", text)}
    assert found == {address}
