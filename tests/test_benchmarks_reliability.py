"""The measurement of robustness: damage, what is fuzzed, and the tables of its page."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import asdict

import pytest
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.reliability import conditions, fuzz, kills, page
from benchmarks.reliability.mutation import mutated
from benchmarks.reliability.targets import TARGETS

DATA = bytes(range(256)) * 4


def test_damage_is_damage_and_has_a_seed() -> None:
    damaged = [mutated(DATA, [DATA], random.Random(seed)) for seed in range(50)]
    assert sum(one != DATA for one in damaged) > 45
    assert damaged == [mutated(DATA, [DATA], random.Random(seed)) for seed in range(50)]
    assert len(set(map(len, damaged))) > 5


@pytest.mark.parametrize("kind", ["PNG", "configuration (TOML)"])
def test_fuzzing(kind, tmp_path) -> None:
    figures = fuzz.run(kind, 3, 0, tmp_path / "kept")
    assert figures.inputs > 10
    assert figures.inputs == figures.accepted + figures.refused
    assert (figures.crashes, figures.hangs) == (0, 0)
    assert not (tmp_path / "kept").exists()


def test_a_reader_that_raises_another_exception_is_a_crash(tmp_path) -> None:
    program = (
        "import sys; from pathlib import Path; from benchmarks.reliability import fuzz, targets\n"
        "wrong = targets.Target(lambda: [b'good'], lambda path: {b'good': 1}[path.read_bytes()])\n"
        "fuzz.TARGETS['wrong'] = wrong\n"
        "fuzz.fuzz('wrong', 9, 0, Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "KeyError" in done.stderr
    assert (tmp_path / "input.bin").read_bytes() != b"good"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux' /proc")
def test_killing() -> None:
    figures = kills.run("plugin install krita", 3, random.Random(0))
    assert figures.killed == 3
    assert figures.runs == figures.killed + figures.finished
    assert (figures.broken, figures.lost, figures.left_over) == (0, 0, 0)


def test_a_broken_file_is_seen(tmp_path) -> None:
    command = kills.COMMANDS["stylize"]
    kills.prepare(tmp_path, command)
    path = tmp_path / "out.png"
    assert command.is_whole(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(Exception):  # noqa: B017  # whatever Pillow raises counts as broken
        assert command.is_whole(path)


@pytest.mark.parametrize("condition", ["clock set back", "two writers"])
def test_bad_conditions(condition) -> None:
    """Those that need no file system of their own."""
    figures = conditions.run(condition, "plugin install krita", 1, random.Random(0))
    assert figures.runs == (2 if condition == "two writers" else 1) == figures.finished + figures.refused
    assert (figures.broken, figures.lost, figures.left_over, figures.not_again) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("code", "told", "command", "kind"),
    [
        (0, "warning: a\n", "stylize", "finished"),
        (1, "error: no room.\n", "stylize", "refused"),
        (1, "error: a.\nerror: b.\n", "stylize", "otherwise"),
        (1, "error: a.\nerror: b.\n", "batch, 2 processes", "refused"),
        (1, "error: a.\nerror: b.\nerror: c.\n", "batch, 2 processes", "otherwise"),
        (1, "error: this is a bug in nst-onnx\n", "stylize", "otherwise"),
        (-9, "", "stylize", "otherwise"),
    ],
)
def test_how_a_run_ended(code, told, command, kind) -> None:
    figures = conditions.Figures()
    figures.judge(subprocess.CompletedProcess([], code, "", told), kills.COMMANDS[command])
    assert (figures.runs, getattr(figures, kind)) == (1, 1)


def test_the_tables() -> None:
    one = {"seconds": 60, "inputs": 1234, "accepted": 1, "refused": 1233, "crashes": 0, "hangs": 0}
    killed = dict.fromkeys(kills.Figures.__dataclass_fields__, 3)
    results = {"fuzz": {"PNG": {**one, "slowest": 0.5, "peak": 5e7}}, "kills": {"stylize": killed}}
    assert "| PNG | 1.0 min | 1 234 | 1 | 1 233 | 0 | 0 | 0.5 s | 50 MB |" in page.fuzz_table(results)
    assert "| stylize | 3 | 3 | 3 | 3 | 3 | 3 | 3 / 3 |" in page.kills_table(results)
    bad = {"conditions": {"disk full: stylize": asdict(conditions.Figures(runs=4, refused=4, again=1))}}
    assert "| disk full: stylize | 4 | 0 | 4 | 0 | 0 | 0 | 0 | 1 / 0 |" in page.conditions_table(bad)


def test_rows_of_another_machine_are_named() -> None:
    killed = dict.fromkeys(kills.Figures.__dataclass_fields__, 3)
    usual, other = ({"processor": name, "cores": "2", "Python": "3.11"} for name in ("usual", "other"))
    rows = {"a": {**killed, "machine": usual}, "b": {**killed, "machine": other}}
    told = page.kills_table({"kills": {**rows, "c": rows["a"]}})
    assert told.endswith("\nOn usual, 2 cores; Python 3.11. On other, 2 cores; Python 3.11: b.\n")


def test_every_kind_has_sound_samples() -> None:
    """Those that need no extra and no test support."""
    for kind in ("PNG", "PNG, 16 bits", "JPEG", "TIFF", "worker protocol", "configuration (TOML)"):
        assert all(TARGETS[kind].samples())
