"""The table of networks in the docs is the one that the benchmark wrote."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks import networks

RESULT, PAGE = networks.RESULT, networks.PAGE


def table(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("| ", "|---"))]


@pytest.mark.skipif(not RESULT.is_file() or not PAGE.is_file(), reason="not a checkout")
def test_the_page_shows_the_measured_table() -> None:
    shown = PAGE.read_text("utf-8").partition(networks.BEGIN)[2].partition(networks.END)[0]
    assert table(shown) == table(RESULT.read_text("utf-8"))
    assert len(table(shown)) > 2


def test_the_table_is_replaced_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{networks.BEGIN}\nold\n{networks.END}\nafter\n", "utf-8")
    monkeypatch.setattr(networks, "PAGE", page)
    networks.show("# Title\n\n| a | b |\n|---|---:|\n| c | d |\n\ntext")
    expected = f"before\n{networks.BEGIN}\n| a | b |\n|---|---:|\n| c | d |\n{networks.END}\nafter\n"
    assert page.read_text("utf-8") == expected
