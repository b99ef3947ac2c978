"""A dialog's preview, painted anew with each move of a slider, reads a painting once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from support.editor import Worker, picture

import nst_onnx
from nst_onnx.editors.worker import style_looks
from nst_onnx.editors.worker.style_looks import StyleLooks
from nst_onnx.feedforward import gallery

INSTANT: dict[str, Any] = {"quality": "instant", "options": {}}


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    return stored(tmp_path / "painting.png", picture(80, 90, 2))


def stored(path: Path, samples: npt.NDArray[np.uint8]) -> Path:
    Image.fromarray(samples).save(path)
    return path


def spoil(path: Path) -> None:
    """Put nonsense into a file that looks as it was: who reads it now fails."""
    facts = path.stat()
    path.write_bytes(b"x" * facts.st_size)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def described(path: Path) -> dict[str, str]:
    return {"path": str(path)}


def test_the_next_preview_reads_no_file(worker: Worker, painting: Path) -> None:
    first = worker.last_of(worker.stylize(style=described(painting), **INSTANT))
    spoil(painting)
    stronger = {**INSTANT, "options": {"strength": 0.9}}
    for fields in (INSTANT, stronger):
        event = worker.last_of(worker.stylize(style=described(painting), **fields))
        assert event["event"] == "done", event
        again = worker.get(event["picture"])
        if fields is INSTANT:
            np.testing.assert_array_equal(again, worker.get(first["picture"]))
    painting.touch()
    assert worker.last_of(worker.stylize(style=described(painting), **INSTANT))["code"] == "picture"


def test_paint_shows_a_first_picture_before_it_reads_the_painting(worker: Worker, painting: Path) -> None:
    worker.get(worker.last_of(worker.stylize(style=described(painting), **INSTANT))["picture"])
    spoil(painting)
    fields = {"options": {"size": 24, "steps": 3}, "preview": {"seconds": 0.1}}
    *_, look, error = worker.until("error", id=worker.stylize(style=described(painting), **fields))
    assert (look["event"], error["code"]) == ("preview", "picture")
    worker.get(look["picture"])


def test_a_preview_is_the_picture_that_the_library_paints(worker: Worker, painting: Path) -> None:
    options = {"strength": 0.7, "style_scale": 1.5}
    event = worker.last_of(worker.stylize(style=described(painting), quality="instant", options=options))
    expected = nst_onnx.stylize(picture(20, 24, 1), painting, quality="instant", **options)
    np.testing.assert_allclose(worker.get(event["picture"]), expected.array, atol=1e-4)


def test_a_preview_of_a_large_painting_is_hardly_another_one(worker: Worker, tmp_path: Path) -> None:
    large = stored(tmp_path / "large.png", picture(1300, 1500, 4))
    content = worker.put("content", picture(150, 200, 1))
    event = worker.last_of(worker.stylize(content, described(large), **INSTANT))
    expected = nst_onnx.stylize(picture(150, 200, 1), large, quality="instant")
    np.testing.assert_allclose(worker.get(event["picture"]), expected.array, atol=0.02)


def test_a_frame_is_told_each_time(worker: Worker, tmp_path: Path) -> None:
    samples = np.full((60, 60, 3), 255, np.uint8)
    samples[5:55, 5:55] = picture(50, 50, 2) // 2
    framed = stored(tmp_path / "framed.png", samples)
    for _ in range(2):
        event = worker.last_of(worker.stylize(style=described(framed), **INSTANT))
        worker.get(event["picture"])
        assert "its frame is cropped" in event["notices"][0]


def test_large_paintings_are_kept_small(tmp_path: Path) -> None:
    look = StyleLooks().of([described(stored(tmp_path / "a.png", picture(1200, 2400, 2)))], {})
    assert look is not None
    assert look[0].shape == (style_looks.SIDE // 2, style_looks.SIDE)


def test_the_latest_are_kept(painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_looks, "_CAPACITY", 2)
    others = [stored(tmp_path / f"{name}.png", picture(60, 60, 3)) for name in "ab"]
    looks, kept = StyleLooks(), []
    for path in (painting, others[0], painting, others[1], painting, others[0]):
        found = looks.of([described(path)], {})
        assert found is not None
        kept.append(found[0])
    assert kept[0] is kept[2] is kept[4]
    assert kept[1] is not kept[5]


def test_what_is_no_opaque_picture_in_a_file_is_left_to_others(painting: Path, tmp_path: Path) -> None:
    glass = stored(tmp_path / "glass.png", picture(60, 60, 3, channels=4))
    learned = next(iter(gallery.files().values()))
    nothing: dict[str, Any] = {}
    for style in (glass, learned, tmp_path / "nowhere.png", tmp_path / ("x" * 5000)):
        assert StyleLooks().of([described(painting), described(style)], {}) is None, style
    assert StyleLooks().of([{"file": "style", "width": 3}], {}) is None
    assert StyleLooks().of([{"path": "relative.png"}], {}) is None
    assert StyleLooks().of([], {}) is None
    for options in (nothing | {"style_mask": painting}, nothing | {"style_scale": "auto"}):
        assert StyleLooks().of([described(painting)], options) is None
