"""The price of a new option: this file declares one, uses it, and changes no other file.

The option darkens the corners of the finished picture. Run as a script, this file is an editor's worker that
has the option.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from support.command import Outcome
from support.editor import Worker

import nst_onnx
from nst_onnx.errors import OptionError
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.option import Option
from nst_onnx.painting.option_types import Number
from nst_onnx.painting.options import LossOptions, Options, register, unregister
from nst_onnx.painting.painting import Painting
from nst_onnx.picture import read_settings

Array = npt.NDArray[np.float32]
Nst = Callable[..., Outcome]

VIGNETTE = Option(
    "vignette", Number(0, 1), 0.0, group="Picture", help="How dark the corners are: 0 leaves them, 1 is black"
)
LINE = ("content.png", "style.png", "--size", "32", "--steps", "4", "-q")
QUICK = {"size": 32, "steps": 4}
WRONG = "vignette must be a number from 0 to 1, not 2"
plain_finished = Painting.finished


def finished(painting: Painting, picture: Array) -> Array:
    """Return the finished picture with dark corners: the option's one use."""
    shown = plain_finished(painting, picture)
    amount = painting.plan.options.extra.get("vignette", 0.0)
    assert isinstance(amount, int | float)
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in shown.shape[:2])
    corner = (y[:, None] ** 2 + x**2) / 2  # 0 in the middle, 1 in the corners
    return (shown * (1 - np.float32(amount) * corner[..., None])).astype(np.float32)


@pytest.fixture(autouse=True)
def _vignette(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Painting, "finished", finished)
    register(VIGNETTE)
    yield
    if "vignette" in Options.table():
        unregister("vignette")


def pixels(path: str | Path) -> npt.NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.usefixtures("pair")
def test_the_library_paints_with_it() -> None:
    plain = nst_onnx.stylize("content.png", "style.png", **QUICK)
    dark = nst_onnx.stylize("content.png", "style.png", **QUICK, vignette=1)
    assert (plain.settings["vignette"], dark.settings["vignette"]) == (0.0, 1)
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        assert not dark.array[row, column].any()
        assert plain.array[row, column].any()
    np.testing.assert_allclose(dark.array[12:14, 15:17], plain.array[12:14, 15:17], atol=0.01)


@pytest.mark.parametrize("shards", [None, 2], ids=["tiles", "shards"])
def test_tiles_and_shards_paint_with_it_and_resume(
    shards: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    content, style = (rng.random((200, 60, 3), np.float32) for _ in range(2))
    options = {"size": (60, 200), "steps": 4, "pyramid": False, "min_change": 0, "vignette": 1}
    whole = nst_onnx.Stylizer("compact", "cpu").stylize(content, style, **options)
    monkeypatch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: 110 * 92)
    stylizer = nst_onnx.Stylizer("compact", "cpu", team=LocalTeam(shards) if shards else None)
    parts = stylizer.stylize(content, style, **options)
    assert not parts.array[0, 0].any()
    np.testing.assert_allclose(parts.array, whole.array, atol=5e-3)
    steps = stylizer.steps(content, style, **options)
    saved = [next(steps) for _ in range(2)][-1].checkpoint()
    resumed = stylizer.stylize(content, style, resume=saved, **options)
    assert not resumed.array[0, 0].any()
    assert len(resumed.history) == 4
    with pytest.raises(OptionError, match="belongs to other"):
        stylizer.stylize(content, style, resume=saved, **options | {"vignette": 0.5})


@pytest.mark.usefixtures("pair")
def test_the_command_paints_with_it(nst: Nst) -> None:
    assert nst("stylize", *LINE, "-o", "out.png", "--vignette", "0.75") == (0, "", "")
    expected = nst_onnx.stylize("content.png", "style.png", **QUICK, vignette=0.75)
    np.testing.assert_array_equal(pixels("out.png"), np.asarray(expected.image))
    assert (read_settings("out.png") or {})["vignette"] == 0.75


@pytest.mark.parametrize("command", ["stylize", "batch", "video", "compare"])
def test_the_help_has_it(nst: Nst, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = nst(command, "--help").out
    assert "--vignette" in shown
    assert "How dark the corners are: 0 leaves them, 1 is black (0)." in shown


@pytest.mark.usefixtures("pair")
def test_a_configuration_has_it(nst: Nst) -> None:
    Path("c.toml").write_text("vignette = 0.75", "utf-8")
    assert nst("stylize", *LINE, "-o", "out.png", "--config", "c.toml") == (0, "", "")
    assert (read_settings("out.png") or {})["vignette"] == 0.75
    Path("c.toml").write_text("vignete = 0.75", "utf-8")
    assert "Did you mean vignette?" in nst("stylize", *LINE, "-o", "out.png", "--config", "c.toml").err


@pytest.mark.usefixtures("pair")
def test_compare_varies_it(nst: Nst) -> None:
    line = ("compare", *LINE, "-o", "sheet.png", "--vignette", "0,1")
    assert nst(*line, "--strength", "0.5") == (0, "", "")
    sheet, plain = pixels("sheet.png"), nst_onnx.stylize("content.png", "style.png", **QUICK, vignette=0)
    height, width = plain.array.shape[:2]
    tile = np.asarray(plain.image)
    rows, columns = sheet.shape[0] - height + 1, sheet.shape[1] - width + 1
    places = [(y, x) for y in range(rows) for x in range(columns) if (sheet[y, x] == tile[0, 0]).all()]
    assert any((sheet[y : y + height, x : x + width] == tile).all() for y, x in places)


@pytest.mark.usefixtures("pair")
def test_a_batch_paints_with_it() -> None:
    (outcome,) = nst_onnx.stylize_batch([("content.png", "style.png", "out.png")], **QUICK, vignette=0.75)
    assert outcome.state == "painted"
    assert (read_settings("out.png") or {})["vignette"] == 0.75
    (again,) = nst_onnx.stylize_batch([("content.png", "style.png", "out.png")], **QUICK, vignette=0.5)
    assert again.state == "skipped"
    assert again.warnings == ("out.png is there already, made with vignette 0.75, not 0.5",)


def test_an_editor_s_worker_paints_with_it() -> None:
    with Worker(command=[sys.executable, __file__]) as worker:
        assert worker.hello["options"]["vignette"] == {
            "type": "number",
            "low": 0.0,
            "high": 1.0,
            "default": 0.0,
            "group": "Picture",
            "help": VIGNETTE.help,
        }
        event = worker.last_of(worker.stylize(options={"size": 24, "steps": 2, "vignette": 1}))
        assert event["event"] == "done", event
        assert event["settings"]["vignette"] == 1
        assert not worker.get(event["picture"])[0, 0].any()
        event = worker.last_of(worker.stylize(options={"vignette": 2}))
        assert (event["event"], event["code"], event["message"]) == ("error", "option", WRONG)


def test_a_video_has_it() -> None:
    assert VideoOptions.of({"vignette": 0.75}).extra == {"vignette": 0.75}


@pytest.mark.usefixtures("pair")
def test_a_checkpoint_belongs_to_its_value() -> None:
    stylizer = nst_onnx.Stylizer("compact")
    for step in stylizer.steps("content.png", "style.png", **QUICK, vignette=0.75):
        if step.iteration == 2:
            step.checkpoint().save("state.npz")
            break
    saved = Checkpoint.load("state.npz")
    with pytest.raises(OptionError, match="belongs to other pictures, options"):
        stylizer.stylize("content.png", "style.png", **QUICK, vignette=0.5, resume=saved)
    resumed = stylizer.stylize("content.png", "style.png", **QUICK, vignette=0.75, resume=saved)
    whole = stylizer.stylize("content.png", "style.png", **QUICK, vignette=0.75)
    np.testing.assert_array_equal(resumed.array, whole.array)


@pytest.mark.usefixtures("pair")
def test_a_wrong_value_is_refused_everywhere(nst: Nst) -> None:
    with pytest.raises(OptionError, match=WRONG):
        nst_onnx.stylize("content.png", "style.png", **QUICK, vignette=2)
    with pytest.raises(OptionError, match="vignette must be a number from 0 to 1, not None"):
        Options.of({"vignette": None})
    with pytest.raises(OptionError, match=WRONG):
        list(nst_onnx.stylize_batch([("content.png", "style.png", "out.png")], vignette=2))
    assert nst("stylize", *LINE, "-o", "out.png", "--vignette", "2") == (2, "", f"error: {WRONG}.0.\n")
    assert "'--vignette'" in nst("stylize", *LINE, "-o", "out.png", "--vignette", "much").err
    Path("c.toml").write_text("vignette = 'much'", "utf-8")
    refused = nst("stylize", *LINE, "-o", "out.png", "--config", "c.toml").err
    assert "gives vignette a value of the wrong kind: 'much'" in refused
    assert not Path("out.png").exists()


def test_only_the_objective_does_not_take_what_is_no_option_of_the_loss() -> None:
    assert "vignette" not in LossOptions.table()
    unregister("vignette")
    register(Option("vignette", Number(0, 1), 0.0, loss=True))
    assert LossOptions.of({"vignette": 1}).extra == {"vignette": 1}


@pytest.mark.parametrize("name", ["strength", "vignette", "dark-corners"])
def test_names_that_no_new_option_can_have(name: str) -> None:
    with pytest.raises(OptionError, match=f"'{name}' cannot be the name of a new option"):
        register(Option(name, Number()))


def test_a_default_must_be_valid() -> None:
    with pytest.raises(OptionError, match="darkness must be a number from 0 to 1, not 3"):
        register(Option("darkness", Number(0, 1), 3))
    assert "darkness" not in Options.table()


@pytest.mark.usefixtures("pair")
def test_afterwards_nothing_is_left(nst: Nst) -> None:
    unregister("vignette")
    assert Options() == Options.of({})
    assert Options().extra == {}
    with pytest.raises(OptionError, match="there is no option 'vignette'"):
        nst_onnx.stylize("content.png", "style.png", **QUICK, vignette=0.5)
    assert "vignette" not in nst("stylize", "--help").out
    assert nst("stylize", *LINE, "-o", "out.png", "--vignette", "0.5").code == 2
    assert "vignette" not in nst_onnx.stylize("content.png", "style.png", **QUICK).settings


if __name__ == "__main__":
    from nst_onnx.editors.worker.__main__ import main

    register(VIGNETTE)
    Painting.finished = finished  # type: ignore[method-assign]
    main()
