"""Which pictures are meant, which goes with which, and what the results are called."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from nst_onnx.errors import OptionError
from nst_onnx.jobs.batch import Job, grid, inputs, pairs, plan
from nst_onnx.picture import camera_raw


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders of empty files, in the working directory: names are all that counts here."""
    for name in (
        "photos/b.jpg",
        "photos/a.PNG",
        "photos/notes.txt",
        "photos/.hidden.png",
        "photos/far/c.webp",
        "styles/x.png",
        "styles/y.tif",
        "photos/odd[1].jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["photos"], ["photos/a.PNG", "photos/b.jpg", "photos/odd[1].jpg"]),
        (["photos/*.jpg"], ["photos/b.jpg", "photos/odd[1].jpg"]),
        (["photos/**/*.webp"], ["photos/far/c.webp"]),
        (["photos/odd[1].jpg"], ["photos/odd[1].jpg"]),
        (["styles/y.tif", "styles/x.png"], ["styles/y.tif", "styles/x.png"]),
        (["missing.png"], ["missing.png"]),
    ],
)
@pytest.mark.usefixtures("files")
def test_what_is_meant(names: list[str], expected: list[str]) -> None:
    assert inputs.find(names, "content") == [Path(name) for name in expected]


def test_absolute_patterns(files: Path) -> None:
    assert inputs.find([files / "photos" / "*.jpg"], "content")[0] == files / "photos" / "b.jpg"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["*.gif"], "no content matches"),
        (["photos/far", "empty"], "no picture in the folder empty"),
        ([""], "empty"),
        ([], "no content given"),
    ],
)
def test_nothing_meant(files: Path, names: list[str], message: str) -> None:
    (files / "empty").mkdir()
    with pytest.raises(OptionError, match=message):
        inputs.find(names, "content")


@pytest.mark.usefixtures("files")
def test_a_grid_has_every_pair_once() -> None:
    jobs = grid(["photos/a.PNG", "photos/*.PNG", "photos/b.jpg"], ["styles"], "out")
    assert [(job.content, job.style, job.output) for job in jobs] == [
        (Path(content), Path(style), Path("out") / f"{Path(content).stem}-{Path(style).stem}.png")
        for content in ("photos/a.PNG", "photos/b.jpg")
        for style in ("styles/x.png", "styles/y.tif")
    ]


@pytest.mark.usefixtures("files")
def test_pairs() -> None:
    jobs = pairs(["photos/b.jpg", "photos/a.PNG"], ["styles"], "out", name="{number:03}.jpg")
    assert jobs == [
        Job(Path("photos/b.jpg"), Path("styles/x.png"), Path("out/001.jpg")),
        Job(Path("photos/a.PNG"), Path("styles/y.tif"), Path("out/002.jpg")),
    ]


@pytest.mark.usefixtures("files")
def test_pairs_may_repeat_a_style() -> None:
    jobs = pairs(["photos/b.jpg", "photos/a.PNG"], ["styles/x.png", "styles/x.png"], "out")
    assert [job.style for job in jobs] == [Path("styles/x.png")] * 2


@pytest.mark.usefixtures("files")
def test_pairs_of_unequal_lengths() -> None:
    with pytest.raises(OptionError, match="3 contents and 2 styles"):
        pairs(["photos"], ["styles"], "out")


@pytest.mark.usefixtures("files")
def test_a_name_with_folders() -> None:
    (job,) = grid(["photos/b.jpg"], ["styles/x.png"], "out", name="{style}/{content}.tif")
    assert job.output == Path("out/x/b.tif")


@pytest.mark.parametrize("name", ["{contents}.png", "{content}{", "{}.png", "{0}.png", "{content:d}.png"])
@pytest.mark.usefixtures("files")
def test_names_that_make_no_sense(name: str) -> None:
    with pytest.raises(OptionError, match="no pattern"):
        grid(["photos/b.jpg"], ["styles/x.png"], "out", name=name)


@pytest.mark.parametrize(
    "name", ["../{content}.png", "{style}/../../{content}.png", "/elsewhere/{content}.png"]
)
@pytest.mark.usefixtures("files")
def test_names_do_not_lead_out_of_the_folder(name: str) -> None:
    with pytest.raises(OptionError, match="out of the folder"):
        grid(["photos/b.jpg"], ["styles/x.png"], "out", name=name)


@pytest.mark.parametrize("names", [7, [7], ["photos/b.jpg", None], b"photos/b.jpg"])
def test_pictures_are_named_by_paths(names: Any) -> None:
    with pytest.raises(OptionError, match="by their paths"):
        grid(names, ["styles/x.png"], "out")


def test_clashes_are_found_before_the_work(files: Path) -> None:
    (files / "photos" / "b.png").touch()
    with pytest.raises(OptionError, match=r"b\.jpg.* and .*b\.png.* both be written to"):
        grid(["photos"], ["styles/x.png"], "out")


def test_unicode_names_that_are_one_file_clash(files: Path) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    with pytest.raises(OptionError, match="both be written to"):
        plan.check([Job("a", "s", files / f"{composed}.png"), Job("b", "s", files / f"{decomposed}.png")])


@pytest.mark.usefixtures("files")
def test_inputs_are_not_written_over() -> None:
    with pytest.raises(OptionError, match="is an input"):
        grid(["photos/b.jpg"], ["styles/x.png"], "photos", name="{content}.jpg")


@pytest.mark.parametrize("given", ["photos", "photos/*.jpg"])
@pytest.mark.usefixtures("files")
def test_results_are_not_found_as_contents_the_next_time(given: str) -> None:
    with pytest.raises(OptionError, match="the next time"):
        grid([given], ["styles/x.png"], "photos", name="{content}-{style}.jpg")
    assert grid([given], ["styles/x.png"], "photos", name="{content}-{style}.webp")


def test_one_name_alone_is_one_picture() -> None:
    (job,) = grid("photo.jpg", Path("style.jpg"), "out")
    assert (str(job.content), str(job.style)) == ("photo.jpg", "style.jpg")
    assert grid("photo.jpg", "style.jpg", "out") == pairs("photo.jpg", "style.jpg", "out")


def test_a_name_too_long_is_told_before_the_work() -> None:
    with pytest.raises(OptionError, match="too long"):
        grid(["y" * 245 + ".jpg"], ["style.jpg"], "out")
    with pytest.raises(OptionError, match="no pattern"):
        grid(["photo.jpg"], ["style.jpg"], "out", name="{number:999999999}.png")


def test_photos_of_phones_are_found(files: Path) -> None:
    (files / "bare").mkdir()
    for name in ("a.heic", "B.HEIF", "c.jxl", "d.hif"):
        (files / "bare" / name).touch()
    found = inputs.find(["bare"], "content")
    assert [path.name for path in found] == ["B.HEIF", "a.heic", "c.jxl", "d.hif"]


@pytest.mark.parametrize("readable", [True, False])
def test_raw_files_are_found_or_named(files: Path, monkeypatch: pytest.MonkeyPatch, readable: bool) -> None:
    monkeypatch.setattr(camera_raw, "is_available", lambda: readable)
    (files / "bare").mkdir()
    for name in ("a.NEF", "b.jpg", "b.dng", "c.cr2"):
        (files / "bare" / name).touch()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = [path.name for path in inputs.find(["bare"], "content")]
    said = [str(one.message) for one in caught]
    if readable:  # the photo b is there already
        assert (found, said) == (["a.NEF", "b.jpg", "c.cr2"], [])
    else:
        assert found == ["b.jpg"]
        assert len(said) == 1
        assert "passed over" in said[0]
        assert "a.NEF and 1 other:" in said[0]
        assert "nst-onnx[formats]" in said[0]
