"""Blind votes: columns shuffled the same way in every run, votes counted by the key, and their interval."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from benchmarks.judge import __main__ as command
from benchmarks.judge.ballot import Key
from benchmarks.judge.votes import count, interval
from nst_onnx.errors import NstError

PAIRS = [f"photo{number}+painting" for number in range(24)]
KEY = Key("b1", {"1": ["old", "new"], "2": ["new", "old"]})


def votes(path: Path, given: dict[str, str], ballot: str = "b1") -> Path:
    path.write_text(json.dumps({"ballot": ballot, "votes": given}))
    return path


def test_columns_are_shuffled_the_same_way_for_one_seed() -> None:
    one = Key.shuffled(PAIRS, ["a", "b", "c"], seed=1)
    assert one == Key.shuffled(PAIRS, ["a", "b", "c"], seed=1)
    assert one.columns != Key.shuffled(PAIRS, ["a", "b", "c"], seed=2).columns
    assert all(sorted(order) == ["a", "b", "c"] for order in one.columns.values())
    assert {order[0] for order in one.columns.values()} == {"a", "b", "c"}


def test_a_pair_keeps_its_columns_when_others_are_left_out() -> None:
    assert Key.shuffled(PAIRS[:3], "ab", 5).columns["3"] == Key.shuffled(PAIRS, "ab", 5).columns["3"]


def test_a_key_is_read_as_it_was_written(tmp_path: Path) -> None:
    key = Key.shuffled(PAIRS, ["a", "b"], 0)
    key.write(tmp_path / "key.json")
    assert Key.read(tmp_path / "key.json") == key
    with pytest.raises(NstError, match="no key"):
        Key.read(tmp_path / "nowhere.json")


def test_votes_are_counted_by_the_key(tmp_path: Path) -> None:
    files = [votes(tmp_path / "1.json", {"1": "B", "2": "A"}), votes(tmp_path / "2.json", {"1": "A"})]
    assert count(KEY, files) == {"new": 2, "old": 1}
    assert count(KEY, []) == {"new": 0, "old": 0}


@pytest.mark.parametrize("given", [{"1": "C"}, {"3": "A"}, {"1": ""}, {"1": "AB"}])
def test_votes_for_what_is_not_there_are_refused(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(NstError, match="is not there"):
        count(KEY, [votes(tmp_path / "1.json", given)])


def test_votes_of_another_ballot_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NstError, match="another ballot"):
        count(KEY, [votes(tmp_path / "1.json", {"1": "A"}, "b2")])
    (tmp_path / "2.json").write_text("[]")
    with pytest.raises(NstError, match="no file of votes"):
        count(KEY, [tmp_path / "2.json"])


def test_the_interval_is_wilsons() -> None:
    """Against the solutions of |p − share| = z √(p (1 − p) / n), which is what Wilson's interval is."""
    z = 1.959963984540054
    for number, total in ((65, 100), (0, 20), (20, 20), (78, 120)):
        for end in interval(number, total):
            gap = abs(end - number / total)
            assert gap == pytest.approx(z * (abs(end * (1 - end)) / total) ** 0.5, abs=1e-8)
    low, high = interval(78, 120)
    assert low < 0.65 < high
    assert interval(0, 0) == (0, 1)


def test_the_command_prints_shares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    KEY.write(tmp_path / "key.json")
    file = votes(tmp_path / "1.json", {"1": "B", "2": "B"})
    command.main(["votes", "--key", str(tmp_path / "key.json"), str(file)])
    printed = capsys.readouterr().out
    assert "| new | 1 | 50% | 9%-91% |" in printed
    assert "| old | 1 | 50% | 9%-91% |" in printed
