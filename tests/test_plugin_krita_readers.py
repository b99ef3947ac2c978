"""Krita is asked to open only files that it has a reader for; no Krita is needed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from support.stand_ins import krita_plug_in


@pytest.mark.parametrize(
    ("plug_ins", "read"),
    [
        (["kritaxcfimport.so", "kritapsdimport.so"], (".xcf", ".psd")),
        (["kritaxcfexport.dll", "kritapsdimport.dll"], (".psd",)),
        ([], (".xcf", ".psd")),  # where the folder is not found, Krita is asked
    ],
)
def test_the_files_that_krita_reads_are_those_it_has_readers_of(
    tmp_path: Path, plug_ins: list[str], read: tuple[str, ...]
) -> None:
    if plug_ins:
        (tmp_path / "kritaplugins").mkdir()
    for name in plug_ins:
        (tmp_path / "kritaplugins" / name).touch()
    with krita_plug_in():
        sys.modules["krita"].__file__ = str(tmp_path / "krita-python-libs" / "krita" / "__init__.py")
        assert read == importlib.import_module("neural_style.style_pictures").BY_KRITA
