"""Regions in the command, configurations, batch, the worker, tiles and shards, and resumed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.command import Outcome
from support.editor import Worker, picture
from support.regions import QUICK, WIDTH, left, painted, prepared

import nst_onnx
from nst_onnx import Region
from nst_onnx.errors import OptionError
from nst_onnx.jobs.batch import grid
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.picture import read_settings

Nst = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepared(tmp_path, monkeypatch)


def test_the_command_and_its_settings(folder: Path, nst: Nst) -> None:
    line = (
        "stylize",
        "photo.png",
        "-o",
        "out.png",
        "--size",
        "64",
        "--steps",
        "4",
        "-q",
        "--model",
        "compact",
    )
    regions = ("--region", "left.png=one.png,strength=0.7", "--region", "rest=two.png")
    assert nst(*line, *regions, "--keep", "left.png", "--device", "cpu").code == 0
    settings = read_settings("out.png")
    assert settings is not None
    found = settings["regions"]
    assert isinstance(found, list)
    assert [region["name"] for region in found] == ["rest"]  # all of the other one is kept
    assert settings["keep"] == "left.png"
    expected = painted(regions=[Region("left.png", "one.png", strength=0.7), "rest=two.png"], keep="left.png")
    stored = np.asarray(Image.open("out.png"), np.float32) / 255
    assert np.abs(stored - expected).max() < 0.6 / 255


def test_a_configuration(folder: Path, nst: Nst) -> None:
    Path("nst.toml").write_text(
        'regions = ["left.png=one.png", {mask = "rest", style = "two.png", strength = 0.4}]\n'
        'size = 64\nsteps = 4\nmodel = "compact"\ndevice = "cpu"\n'
    )
    assert nst("stylize", "photo.png", "-o", "out.png", "--config", "nst.toml", "-q").code == 0
    expected = painted(regions=["left.png=one.png", Region("rest", "two.png", strength=0.4)])
    assert np.abs(np.asarray(Image.open("out.png"), np.float32) / 255 - expected).max() < 0.6 / 255


def test_masks_are_not_written_over(folder: Path, nst: Nst) -> None:
    before = Path("left.png").read_bytes()
    outcome = nst("stylize", "photo.png", "-o", "left.png", "--region", "left.png=one.png", "-q")
    assert outcome.code != 0
    assert Path("left.png").read_bytes() == before


def test_no_picture_of_a_region_is_written_over(folder: Path, nst: Nst) -> None:
    Path("nst.toml").write_text('regions = [{mask = "left.png", style = ["one.png", "two.png"]}]\n')
    before = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    lines = [
        ("compare", "photo.png", "one.png", "--keep", "left.png", "-o", "left.png"),
        ("stylize", "photo.png", "--config", "nst.toml", "-o", "two.png"),
    ]
    for line in lines:
        assert nst(*line, "-q").code != 0
    assert {path.name: path.read_bytes() for path in folder.glob("*.png")} == before


def test_compare_takes_regions_alone(folder: Path, nst: Nst) -> None:
    line = ("compare", "photo.png", "--region", "left.png=one.png", "--region", "rest=two.png")
    line += ("-o", "sheet.png", "--size", "64", "--steps", "2", "--strength", "0.3,0.6", "-q")
    assert nst(*line).code == 0


def test_compare_takes_regions(folder: Path, nst: Nst) -> None:
    line = ("compare", "photo.png", "two.png", "--region", "left.png=one.png", "--strength", "0.3,0.7")
    assert nst(*line, "-o", "sheet.png", "--size", "64", "--steps", "3", "-q").code == 0
    assert Image.open("sheet.png").width > 2 * WIDTH


def test_a_batch(folder: Path) -> None:
    Path("out").mkdir()
    jobs = grid(["photo.png"], ["two.png"], "out")
    options = {name: QUICK[name] for name in ("size", "steps")}
    (ended,) = list(
        nst_onnx.stylize_batch(
            jobs,
            model="compact",
            device="cpu",
            regions=[Region(io.BytesIO(Path("left.png").read_bytes()), "one.png")],
            **options,
        )
    )
    assert ended.error is None
    (output,) = Path("out").iterdir()
    expected = painted("two.png", regions=["left.png=one.png"])
    assert np.abs(np.asarray(Image.open(output), np.float32) / 255 - expected).max() < 0.6 / 255


def test_a_batch_tells_regions_apart(folder: Path) -> None:
    """A picture that is there is skipped, with a warning where its regions were others."""
    Path("out").mkdir()
    options: dict[str, Any] = {"size": 64, "steps": 1, "model": "compact", "device": "cpu"}

    def warned(**more: Any) -> tuple[str, ...]:
        jobs = grid(["photo.png"], ["two.png"], "out")
        (ended,) = nst_onnx.stylize_batch(jobs, **options | more)
        assert ended.error is None
        return ended.warnings

    assert not warned(regions=["left.png=one.png"])
    assert not warned(regions=["left.png=one.png"])
    (warning,) = warned(regions=["left.png=two.png"])
    assert warning.endswith("made with regions ['left=one.png'], not ['left=two.png']")
    assert len(warned(regions=["left.png=one.png", "rest=one.png"])) == 1
    assert len(warned(regions="colour")) == 1
    assert len(warned()) == 1
    for path in Path("out").iterdir():
        path.unlink()
    assert not warned(regions="colour")
    assert not warned(regions="colour")
    assert len(warned(regions="auto")) == 1


def test_resuming(folder: Path) -> None:
    stylizer = nst_onnx.Stylizer("compact", "cpu")
    options: dict[str, Any] = {"size": 64, "steps": 8, "regions": ["left.png=one.png", "rest=two.png"]}
    whole = stylizer.stylize("photo.png", **options)
    steps = stylizer.steps("photo.png", **options)
    for _ in range(3):
        step = next(steps)
    checkpoint = step.checkpoint()
    resumed = stylizer.stylize("photo.png", resume=checkpoint, **options)
    np.testing.assert_array_equal(resumed.array, whole.array)
    changed = np.asarray(left()).copy()
    changed[:4] = 255
    with pytest.raises(OptionError, match="belongs to other"):
        stylizer.stylize(
            "photo.png",
            resume=checkpoint,
            **options | {"regions": [Region(changed, "one.png"), "rest=two.png"]},
        )


def test_a_resumed_run_has_the_same_weights(folder: Path) -> None:
    stylizer = nst_onnx.Stylizer("compact", "cpu")
    options: dict[str, Any] = {"size": 64, "steps": 6}
    regions = [[Region("rest", ["one.png", "two.png"], style_weights=w)] for w in ((1, 9), (9, 1))]
    checkpoint = next(stylizer.steps("photo.png", regions=regions[0], **options)).checkpoint()
    with pytest.raises(OptionError, match="belongs to other"):
        stylizer.stylize("photo.png", regions=regions[1], resume=checkpoint, **options)


def test_tiles_and_shards(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo, mask = (image.resize((200, 300)) for image in (Image.open("photo.png"), left()))
    style = Image.open("one.png").resize((200, 300))
    options: dict[str, Any] = {
        "regions": [Region(mask, style), Region("rest", "two.png")],
        "size": "full",
        "steps": 2,
        "pyramid": False,
    }
    stylizer = nst_onnx.Stylizer("compact", "cpu")
    whole = stylizer.stylize(photo, **options).array
    monkeypatch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: 150 * 160)
    tiled = stylizer.stylize(photo, **options).array
    sharded = nst_onnx.Stylizer(stylizer.network, team=LocalTeam(2)).stylize(photo, **options).array
    for found in (tiled, sharded):
        assert np.abs(found - whole).max() < 2e-3


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    with Worker(NST_ONNX_HOME=str(tmp_path), NST_ONNX_MODEL="") as worker:
        yield worker
        worker.close()


def test_the_worker(worker: Worker) -> None:
    mask = np.zeros((16, 16, 1), np.uint8)
    mask[:, :8] = 255
    regions = [
        {"mask": worker.put("m", mask), "styles": [worker.put("s1", picture(16, 16, 2))], "strength": 0.7},
        {"mask": "rest", "styles": [worker.put("s2", picture(16, 16, 3))]},
    ]
    job = worker.send(
        "stylize",
        content=worker.put("c", picture(16, 16, 1)),
        styles=[],
        options={"size": 16, "steps": 1, "regions": regions, "keep": worker.put("k", mask[:, ::-1].copy())},
    )
    event = worker.last_of(job)
    assert event["event"] == "done", json.dumps(event)
    worker.get(event["picture"])
    assert [region["name"] for region in event["settings"]["regions"]] == ["mask"]
    assert not list(worker.folder.glob("m*"))
    refused = worker.last_of(
        worker.send(
            "stylize",
            content=worker.put("c", picture(16, 16, 1)),
            styles=[],
            options={"regions": [{"mask": worker.put("n", mask)}]},
        )
    )
    assert (refused["event"], refused["code"]) == ("error", "protocol")
    assert not list(worker.folder.glob("n*"))


@pytest.mark.parametrize(
    "regions",
    [
        5,
        "x",
        [5],
        [{"mask": "left.png", "styles": [{"path": "/x.png"}]}],
        [{"mask": "rest", "styles": [{"path": "/x.png"}], "style_weights": 5}],
        [{"mask": "rest", "styles": 5}],
        [{"mask": "rest"}],
    ],
    ids=str,
)
def test_the_worker_refuses_what_makes_no_sense(worker: Worker, regions: Any) -> None:
    content = worker.put("c", picture(16, 16, 1))
    event = worker.last_of(worker.send("stylize", content=content, styles=[], options={"regions": regions}))
    assert event["event"] == "error"
    assert event["code"] in ("protocol", "option", "picture")
