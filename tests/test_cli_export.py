from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from support.checkout import ROOT
from support.command import Outcome

from nst_onnx.cli.commands import export

Nst = Callable[..., Outcome]


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_exporters_own_help(flag: str, nst: Nst) -> None:
    outcome = nst("export", flag)
    assert outcome.code == 0
    assert "nst-onnx export" in outcome.out
    assert "keras" in outcome.out
    outcome = nst("export", "weights", flag)
    assert outcome.code == 0
    assert "nst-onnx export weights" in outcome.out


def test_its_errors_are_one_line(nst: Nst) -> None:
    for words, code in ((("weights", "no.h5", "-o", "x.onnx"), 1), (("nonsense",), 2), (("weights",), 2)):
        outcome = nst("export", *words)
        assert outcome.code == code
        assert outcome.err.startswith("error: ")
        assert outcome.err.count("\n") == 1


def test_it_works(nst: Nst) -> None:
    shipped = ROOT / "model" / "compact.onnx"
    outcome = nst("export", "verify", shipped, shipped)
    assert outcome.code == 0
    assert "conv3_4" in outcome.out


def test_it_is_loaded_only_when_called() -> None:
    script = (
        "import sys; from nst_onnx.cli import app; "
        "print([name for name in sys.modules if name.split('.')[-1] == 'keras' or name.startswith('export')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "[]\n"


def test_the_application_is_found() -> None:
    assert export.exporter().info.help
