"""The folder of frames that are done."""

from pathlib import Path

import pytest

from nst_onnx.errors import OptionError
from nst_onnx.jobs.video.frame_store import FrameStore

pytest.importorskip("av", reason="PyAV is not installed here")


def test_one_run_at_a_time(tmp_path: Path) -> None:
    first, second = FrameStore(tmp_path / "film.mp4"), FrameStore(tmp_path / "film.mp4")
    first.open("a run")
    with pytest.raises(OptionError, match="another run is painting"):
        second.open("a run")
    first.remove()
    second.open("a run")
    second.remove()
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_leaves_is_not_in_the_way(tmp_path: Path) -> None:
    kept = FrameStore(tmp_path / "film.mp4")
    kept.folder.mkdir()
    kept.unfinished.write_bytes(b"half a film")
    kept.open("a run")
    kept.remove()
    assert not list(tmp_path.iterdir())


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    kept = FrameStore(tmp_path / "film.mp4")
    kept.folder.mkdir()
    (kept.folder / "letter.txt").write_text("dear")
    with pytest.raises(OptionError, match="in the way"):
        kept.open("a run")
    assert (kept.folder / "letter.txt").read_text() == "dear"
