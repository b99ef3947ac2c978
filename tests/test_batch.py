"""Painting many pictures with the library, in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from support.pictures import smooth_picture

import nst_onnx
from nst_onnx.errors import OptionError, PictureError
from nst_onnx.jobs.batch import Job, Outcome, grid
from nst_onnx.jobs.batch.job_runner import JobRunner
from nst_onnx.jobs.batch.resume_file import ResumeFile
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.painting.step import Step
from nst_onnx.picture import read_settings

SMALL: dict[str, Any] = {"size": 32, "steps": 12, "min_change": 0.0, "pyramid": False}
ON_CPU: dict[str, Any] = {"model": "compact", "device": "cpu", "threads": 1}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with photos/ and styles/ of two pictures each."""
    for number, name in enumerate(("photos/été", "photos/日本", "styles/x", "styles/y")):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        smooth_picture(32, 40, seed=number).save(path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paint(jobs: list[Job], **more: Any) -> list[Outcome]:
    return list(nst_onnx.stylize_batch(jobs, **ON_CPU, **SMALL | more))


def states(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(outcome.state for outcome in outcomes)


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_cropped_frame_is_told(folder: Path) -> None:
    framed = np.pad(np.asarray(smooth_picture(64, 64, seed=5)), ((7, 7), (7, 7), (0, 0)))
    PIL.Image.fromarray(framed).save("styles/framed.png")
    (told,) = paint([Job("photos/été.png", "styles/framed.png", "told.png")])
    assert told.warnings == (
        "framed.png: its frame is cropped from the style, 7 pixels at the left, 7 at the right, "
        "7 at the top, 7 at the bottom (style_frame=keep keeps it)",
    )
    (kept,) = paint([Job("photos/été.png", "styles/framed.png", "kept.png")], style_frame="keep")
    assert kept.warnings == ()


def test_a_grid_is_painted_as_one_by_one(folder: Path) -> None:
    outcomes = paint(grid(["photos"], ["styles"], "out"))
    assert states(outcomes) == {"painted": 4}
    assert visible(folder / "out") == {f"{c}-{s}.png" for c in ("été", "日本") for s in ("x", "y")}
    alone = nst_onnx.Stylizer("compact", "cpu", threads=1).stylize("photos/été.png", "styles/y.png", **SMALL)
    alone.save("alone.png")
    assert Path("alone.png").read_bytes() == Path("out/été-y.png").read_bytes()
    painted = next(outcome for outcome in outcomes if Path(outcome.job.output).name == "été-y.png")
    assert painted.losses == alone.losses
    assert painted.shape == alone.array.shape[:2]


def test_what_is_there_is_not_painted_again(folder: Path) -> None:
    jobs = grid(["photos"], ["styles/x.png"], "out")
    paint(jobs)
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").iterdir()}
    outcomes = paint(jobs)
    assert states(outcomes) == {"skipped": 2}
    assert not any(outcome.warnings for outcome in outcomes)
    assert {path: path.stat().st_mtime_ns for path in (folder / "out").iterdir()} == before
    assert states(paint(jobs, overwrite=True)) == {"painted": 2}


@pytest.mark.usefixtures("folder")
def test_what_is_there_but_was_made_otherwise_is_told() -> None:
    jobs = grid(["photos/été.png"], ["styles/x.png"], "out")
    paint(jobs)
    (outcome,) = paint(jobs, strength=0.8)
    assert outcome.state == "skipped"
    assert "strength 0.5, not 0.8" in outcome.warnings[0]
    Path(jobs[0].output).write_bytes(Path("photos/日本.png").read_bytes())
    (outcome,) = paint(jobs)
    assert "does not say that nst-onnx made it" in outcome.warnings[0]


def test_a_bad_file_does_not_stop_the_others(folder: Path) -> None:
    (folder / "photos" / "broken.png").write_bytes((folder / "photos" / "été.png").read_bytes()[:200])
    (folder / "photos" / "letter.jpg").write_text("Dear reader")
    outcomes = paint(grid(["photos", "photos/gone.png"], ["styles/x.png"], "out"))
    assert states(outcomes) == {"painted": 2, "failed": 3}
    for outcome in outcomes:
        if outcome.state == "failed":
            assert isinstance(outcome.error, PictureError)
            assert Path(outcome.job.content).name in str(outcome.error)
    assert visible(folder / "out") == {"été-x.png", "日本-x.png"}


def test_arrays_and_blends_are_jobs_too(folder: Path) -> None:
    photo = np.asarray(smooth_picture(24, 24, seed=9))
    blend = Job(photo, ["styles/x.png", "styles/y.png"], folder / "deep" / "blend.webp")
    (outcome,) = paint([blend], style_weights=[2, 1])
    assert outcome.state == "painted"
    assert outcome.job is not None
    settings = read_settings(blend.output)
    assert settings is not None
    assert settings["styles"] == ["x.png", "y.png"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"strength": 7}, "strength"),
        ({"bits": 12}, "8 or 16"),
        ({"jpeg_quality": 0}, "jpeg_quality"),
        ({"jpeg_quality": 101}, "jpeg_quality"),
        ({"jpeg_quality": "90"}, "jpeg_quality"),
        ({"processes": -1}, "process"),
        ({"processes": "2"}, "process"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_makes_no_sense_is_told_before_any_work(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        nst_onnx.stylize_batch(grid(["photos"], ["styles"], "out"), **ON_CPU, **SMALL | wrong)


@pytest.mark.parametrize("job", ["photo.png", ("photo.png", "style.png"), ("photo.png", "style.png", 3), 5])
def test_what_is_no_job_is_told_before_any_work(job: Any) -> None:
    with pytest.raises(OptionError, match="job"):
        nst_onnx.stylize_batch([job], **ON_CPU)


@pytest.mark.usefixtures("folder")
def test_a_format_that_cannot_be_is_told_before_any_work() -> None:
    with pytest.raises(PictureError, match=r"\.gif"):
        nst_onnx.stylize_batch(grid(["photos"], ["styles"], "out", name="{content}-{style}.gif"))


def painted(folder: Path, follow: Callable[[Step], bool], **options: Any) -> tuple[str, int]:
    """Paint one picture, and return what came of it after how many evaluations."""
    count = 0

    def counted(step: Step) -> bool:
        nonlocal count
        count += 1
        return follow(step)

    settings = BatchSettings(**ON_CPU, options=SMALL | options)
    job = Job(folder / "photos" / "été.png", folder / "styles" / "x.png", folder / "one.png")
    return JobRunner(settings).run(job, counted).state, count


def test_an_interrupted_picture_goes_on(folder: Path) -> None:
    output = folder / "one.png"
    assert painted(folder, lambda step: step.iteration < 5) == ("interrupted", 5)
    assert not output.exists()
    assert ResumeFile(output).path.exists()
    assert painted(folder, lambda step: True) == ("painted", SMALL["steps"] - 5)
    assert not ResumeFile(output).path.exists()
    whole = output.read_bytes()
    output.unlink()
    painted(folder, lambda step: True)
    assert output.read_bytes() == whole


def test_a_state_that_cannot_be_kept_is_told(folder: Path) -> None:
    ResumeFile(folder / "one.png").path.mkdir()
    settings = BatchSettings(**ON_CPU, options=SMALL)
    job = Job(folder / "photos" / "été.png", folder / "styles" / "x.png", folder / "one.png")
    ending = JobRunner(settings).run(job, lambda step: step.iteration < 5)
    assert ending.state == "interrupted"
    (line,) = ending.warnings
    assert "state cannot be kept" in line


def test_one_that_only_had_to_be_written_is(folder: Path) -> None:
    painted(folder, lambda step: step.iteration < SMALL["steps"])
    assert painted(folder, lambda step: True) == ("painted", 0)
    assert (folder / "one.png").exists()


@pytest.mark.parametrize("spoilt", [False, True])
def test_the_state_of_another_run_is_not_gone_on_from(folder: Path, spoilt: bool) -> None:
    painted(folder, lambda step: step.iteration < 5, seed=1, strength=0.9)
    if spoilt:
        ResumeFile(folder / "one.png").path.write_bytes(b"half of it")
    assert painted(folder, lambda step: True) == ("painted", SMALL["steps"])


def test_a_bug_is_an_outcome(folder: Path) -> None:
    def broken(step: Step) -> bool:
        raise ZeroDivisionError("by zero")

    assert painted(folder, broken) == ("failed", 1)
    assert not (folder / "one.png").exists()
