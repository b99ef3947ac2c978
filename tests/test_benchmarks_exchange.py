"""What shards send each other in a step: counted without computing as with it, and as it is reckoned."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))


from benchmarks import exchange
from nst_onnx.objective.sessions import Network


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """The compact network, with pictures shared from small sizes on."""
    monkeypatch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: 180 * 180)
    monkeypatch.setattr(exchange, "tile_pixels", lambda *_: 180 * 180)
    return Network.open("compact", "cpu", threads=1)


def test_stand_ins_send_the_same_bytes_as_shards(network: Network) -> None:
    computed = exchange.exchanged(network, 256, 2)
    with exchange.without_computing():
        stood_in = exchange.exchanged(network, 256, 2)
        alone = exchange.exchanged(network, 256, 1)
    for kind in ("halos", "statistics", "waves", "bands"):
        assert stood_in[kind] == pytest.approx(computed[kind], rel=0.01), kind
    assert alone["halos"] < 0.01 * stood_in["halos"]


def test_the_estimate_equals_the_count(network: Network) -> None:
    """But for what else is in a message: names of layers, numbers of vectors."""
    for shards in (2, 3):
        with exchange.without_computing():
            counted = exchange.exchanged(network, 256, shards)
        reckoned = exchange.expected(network, 256, shards, seconds=1.0)
        assert reckoned["bands"] == counted["bands"]
        assert counted["statistics"] + counted["waves"] == pytest.approx(reckoned["driver"], rel=0.05)
        assert 0 < reckoned["halos"] <= counted["halos"] <= shards * reckoned["halos"] * 1.05


def test_it_is_written(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "RESULT", tmp_path / "exchange.md")
    words = ["--sides", "256", "--shards", "1,2", "--forecast-sides", "300", "--machines", "2"]
    monkeypatch.setattr(sys, "argv", ["exchange", *words, "--models", "compact=2"])
    exchange.main()
    text = (tmp_path / "exchange.md").read_text("utf-8")
    assert [line.count("| compact |") for line in text.splitlines()].count(1) == 3
