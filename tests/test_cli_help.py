"""The command line itself: its help, what it imports, how errors leave it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
import typer
from support.checkout import ROOT
from support.command import Outcome

from nst_onnx import cli
from nst_onnx.cli import completion, errors
from nst_onnx.cli.app import build
from nst_onnx.errors import NstError
from nst_onnx.painting.options import Options
from nst_onnx.painting.presets import PRESETS
from nst_onnx.version import __version__

Nst = Callable[..., Outcome]
COMMANDS = ["stylize", "batch", "video", "compare", "presets", "settings", "doctor", "models"]
HEAVY = (
    "numpy",
    "onnx",
    "onnxruntime",
    "PIL",
    "h5py",
    "scipy",
    "matplotlib",
    "pooch",
    "requests",
    "av",
    "cv2",
)


def process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from nst_onnx.cli import main; main(['stylize', '--help']); "
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = process("-c", script)
    assert "--strength" in done.stdout
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_explains_itself(nst: Nst, command: str) -> None:
    for flag in ("--help", "-h"):
        outcome = nst(*command.split(), flag)
        assert outcome.code == 0
        assert "Usage: nst-onnx" in outcome.out
        assert outcome.err == ""


def test_every_option_of_the_library_has_its_own(nst: Nst, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = set(re.findall(r"--[a-z-]+", nst("stylize", "--help").out))
    assert {f"--{field.name.replace('_', '-')}" for field in fields(Options)} - {"--extra"} <= shown


@pytest.mark.parametrize(
    "name",
    [
        "size",
        "steps",
        "learning_rate",
        "averaging",
        "min_change",
        "init",
        "pooling",
        "optimiser",
        "strength",
        "style_scale",
        "seed",
    ],
)
def test_help_says_what_is_taken_if_nothing_is_given(name: str, nst: Nst) -> None:
    """In parentheses, and as the preset "default" and the library have it."""
    command = typer.main.get_command(build()).commands["stylize"]
    (option,) = [parameter for parameter in command.params if parameter.name == name]
    preset, default = PRESETS["default"], getattr(Options(), name)
    expected = getattr(preset, "start" if name == "init" else name) if default is None else default
    told = re.search(r"\(([^(]*)\)\.$", option.help)
    assert told
    value = told[1].removesuffix(", or the preset's")
    assert value == (expected if isinstance(expected, str) else f"{expected:g}")


def test_help_for_nothing(nst: Nst) -> None:
    outcome = nst()
    assert outcome.code in (0, errors.MISUSED)  # older click calls it good
    assert "Usage: nst-onnx" in outcome.out
    assert outcome.err == ""


def test_version(nst: Nst) -> None:
    assert nst("--version") == (0, f"nst-onnx {__version__}\n", "")


def test_american_spelling_and_underscores(pair: Path, nst: Nst) -> None:
    line = ("stylize", "content.png", "style.png", "-o", "out.png", "--size", "32", "--steps", "2", "-q")
    assert (
        nst(*line, "--preserve-color", "luminance", "--optimizer", "adam", "--style_scale", "0.8").code == 0
    )
    shown = nst("settings", "out.png").out
    assert re.search(r"preserve_colour +luminance", shown)
    assert re.search(r"optimiser +adam", shown)


@pytest.mark.parametrize("place", [0, 1, 4])
def test_debug_anywhere_shows_the_traceback(nst: Nst, place: int) -> None:
    words = ["stylize", "no.png", "no.png", "-o", "out.png"]
    words.insert(place, "--debug")
    with pytest.raises(NstError):
        nst(*words)


def test_a_bug_is_called_a_bug() -> None:
    line, code = errors.explain(ZeroDivisionError("by\nzero"))
    assert code == errors.FAILED
    assert "bug" in line
    assert "ZeroDivisionError: by zero" in line
    assert "--debug" in line


def test_errors_read_as_sentences() -> None:
    assert errors.explain(NstError("no paint", "buy some")) == ("error: no paint. Buy some.", 1)
    assert errors.explain(NstError("no paint")) == ("error: no paint.", 1)
    assert errors.explain(NstError("no layer x", "did you mean y?")) == (
        "error: no layer x. Did you mean y?",
        1,
    )


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("choose a smaller size", "Choose a smaller size."),
        ('pip install "nst-onnx[gpu]"', 'pip install "nst-onnx[gpu]".'),
        ("nst-onnx models fetch vgg19", "nst-onnx models fetch vgg19."),
    ],
)
def test_commands_keep_their_case(hint: str, shown: str) -> None:
    assert errors.one_line("error", "it fails", hint) == f"error: it fails. {shown}"


def test_warnings_of_ours_are_one_line(pair: Path, nst: Nst, monkeypatch: pytest.MonkeyPatch) -> None:
    (pair / "model").mkdir()
    (pair / "model" / "vgg19.onnx").write_text("not a model")
    outcome = nst("models", "list")
    assert outcome.code == 0
    assert outcome.err.startswith("warning: ")
    assert outcome.err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_nobody_reads_on() -> None:
    command = f"'{sys.executable}' -m nst_onnx presets | head -n 0"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("nst-onnx stylize --preset ", set(PRESETS)),
        ("nst-onnx stylize --preset ne", {"neural-style"}),
        ("nst-onnx stylize --model ", {"auto", "compact"}),
        ("nst-onnx models info co", {"compact"}),
        ("nst-onnx models fetch ", {"vgg19", "vgg16"}),
        ("nst-onnx stylize --pooling ", {"max", "average"}),
        ("nst-onnx sty", {"styles", "stylize"}),
    ],
)
def test_tab(line: str, offered: set[str]) -> None:
    words = line.split(" ")
    done = process(
        "-m",
        "nst_onnx",
        _NST_ONNX_COMPLETE="complete_fish",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        _TYPER_COMPLETE_ARGS=" ".join(words),
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
    )
    assert {row.split("\t")[0] for row in done.stdout.splitlines()} == offered


def test_devices_to_complete_include_the_cpu() -> None:
    assert {"auto", "cpu"} <= set(completion.devices())


def test_the_package_is_the_command() -> None:
    assert cli.main(["--version"]) == 0
    assert process("-m", "nst_onnx", "--version").stdout == f"nst-onnx {__version__}\n"


@pytest.mark.parametrize(
    "words", [["plugin", "install"], ["plugin", "doctor"], ["stylize"], ["models", "add"]]
)
def test_help_shows_no_types_of_python_for_arguments(nst: Nst, words: list[str]) -> None:
    lines = nst(*words, "--help").out.splitlines()
    assert not [line for line in lines if "<str>" in line or "<list[" in line or "<Path>" in line]
