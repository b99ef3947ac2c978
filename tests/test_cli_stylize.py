from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.bad_files import foreign
from support.checkout import ROOT
from support.command import Outcome

import nst_onnx
from nst_onnx.errors import DeviceError
from nst_onnx.picture import read_settings
from nst_onnx.runtime import OnnxruntimeSession

Nst = Callable[..., Outcome]
LINE = ("stylize", "content.png", "style.png", "--size", "32", "--steps", "4", "-q")


def pixels(path: str | Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_it_is_what_the_library_makes(pair: Path, nst: Nst) -> None:
    assert nst(*LINE, "-o", "out.png", "--strength", "0.7", "--seed", "3") == (0, "", "")
    result = nst_onnx.stylize("content.png", "style.png", size=32, steps=4, strength=0.7, seed=3)
    assert np.array_equal(pixels("out.png"), np.asarray(result.image))


@pytest.mark.parametrize(
    "more",
    [
        "--size 24x40",
        "--init noise --seed 4",
        "--init style.png",
        "--preserve-colour luminance",
        "--preserve-colour histogram",
        "--style-scale 0.5",
        "--content-weight 0.1 --style-weight 2 --tv-weight 0.01",
        "--style-layers conv1_1=2,conv2_1 --content-layers conv2_2",
        "--pooling max",
        "--optimiser adam --learning-rate 4 --averaging 0.5",
        "--pyramid --size 200",
        "--no-pyramid",
        "--max-seconds 100",
        "--max-memory 600MB",
        "--threads 1 --device cpu --model compact",
    ],
)
def test_every_control_changes_or_keeps_what_it_says(pair: Path, nst: Nst, more: str) -> None:
    assert nst(*LINE, "-o", "out.png", *more.split()) == (0, "", "")
    settings = read_settings("out.png") or {}
    words = more.split()
    for flag, value in pairwise(words):
        name = flag.removeprefix("--").replace("-", "_")
        if flag.startswith("--") and name in settings and not value.startswith("--"):
            assert str(settings[name]) in (value, f"{value}.0") or name in (
                "size",
                "content_layers",
                "style_layers",
            )
    expected = (24, 40) if "24x40" in more else (200, 160) if "200" in more else (32, 26)
    assert pixels("out.png").shape[1::-1] == expected


def test_several_styles_with_weights(pair: Path, nst: Nst) -> None:
    Image.new("RGB", (30, 30), "red").save("red.png")
    words = ("stylize", "content.png", "style.png", "red.png", "--size", "32", "--steps", "4", "-q")
    for weights in ("1,0", "0,1"):
        assert nst(*words, "-o", f"{weights[0]}.png", "--style-weights", weights).code == 0
    assert nst(*LINE, "-o", "first.png").code == 0
    assert np.array_equal(pixels("1.png"), pixels("first.png"))
    assert not np.array_equal(pixels("0.png"), pixels("first.png"))


def test_json_is_all_there_is_on_standard_output(pair: Path, nst: Nst) -> None:
    outcome = nst(*LINE, "-o", "out.png", "--json")
    facts = json.loads(outcome.out)
    assert facts["output"] == "out.png"
    assert (facts["width"], facts["height"]) == (32, 26)
    assert facts["complete"]
    assert not facts["interrupted"]
    assert facts["iterations"] == len(facts["history"]) == 4
    assert facts["losses"]["total"] == min(step["total"] for step in facts["history"] if step["scale"] == 0)
    assert facts["settings"] == read_settings("out.png")


def test_without_quiet_it_tells_how_it_goes(pair: Path, nst: Nst) -> None:
    outcome = nst(*LINE[:-1], "-o", "out.png")
    assert outcome.out == ""
    assert "model compact" in outcome.err
    assert "scale 1/1 32×26  1/4  total " in outcome.err
    assert "wrote out.png  32×26" in outcome.err


def test_numbered_pictures(pair: Path, nst: Nst) -> None:
    assert nst(*LINE, "-o", "out.jpg", "--save-every", "2").code == 0
    assert {p.name for p in pair.glob("out*")} == {"out.jpg", "out-0002.jpg", "out-0004.jpg"}
    assert pixels("out-0002.jpg").shape == pixels("out.jpg").shape


def test_numbered_pictures_are_not_replaced_either(pair: Path, nst: Nst) -> None:
    Path("out-0002.png").write_text("mine")
    outcome = nst(*LINE, "-o", "out.png", "--save-every", "2", "--no-overwrite")
    assert outcome.code == 1
    assert "out-0002.png exists" in outcome.err
    assert Path("out-0002.png").read_text() == "mine"


def test_preview_ends_as_the_result(pair: Path, nst: Nst) -> None:
    assert nst(*LINE, "-o", "out.png", "--preview", "now.png").code == 0
    assert np.array_equal(pixels("now.png"), pixels("out.png"))


def test_what_exists_is_replaced(pair: Path, nst: Nst) -> None:
    Path("out.png").write_text("old")
    assert nst(*LINE, "-o", "out.png").code == 0
    assert pixels("out.png").shape == (26, 32, 3)


def test_plot(pair: Path, nst: Nst) -> None:
    pytest.importorskip("matplotlib")
    assert nst(*LINE, "-o", "out.png", "--plot", "losses.png").code == 0
    assert pixels("losses.png").std() > 0


def test_config_and_options(pair: Path, nst: Nst) -> None:
    Path("c.toml").write_text("strength = 0.9\nseed = 7\njpeg_quality = 30\n")
    assert nst(*LINE, "-o", "out.jpg", "--config", "c.toml", "--strength", "0.2").code == 0
    assert nst(*LINE, "-o", "fine.jpg", "--seed", "7", "--strength", "0.2").code == 0
    settings = read_settings("out.jpg") or {}
    assert (settings["strength"], settings["seed"]) == (0.2, 7)
    assert Path("out.jpg").stat().st_size < Path("fine.jpg").stat().st_size


@pytest.mark.parametrize(("option", "kept"), [([], True), (["--metadata", "none"], False)])
def test_the_photos_metadata(pair: Path, nst: Nst, option: list[str], kept: bool) -> None:
    with Image.open("content.png") as image:
        image.convert("RGB").save("dated.jpg", dpi=(240, 240))
    line = ["dated.jpg" if word == "content.png" else word for word in LINE]
    assert nst(*line, "-o", "out.jpg", *option).code == 0
    with Image.open("out.jpg") as image:
        assert (image.info.get("dpi") == (240, 240)) == kept


def test_a_foreign_model_with_its_facts(pair: Path, nst: Nst) -> None:
    Path("f.onnx").write_bytes(foreign())
    more = "--model f.onnx --channel-order bgr --scale 255 --mean 104,117,124 --std 1"
    assert nst(*LINE, "-o", "out.png", *more.split()).err == ""
    assert pixels("out.png").shape == (26, 32, 3)


def test_sixteen_bits(pair: Path, nst: Nst) -> None:
    from nst_onnx import picture

    deep = np.linspace(0, 1, 32 * 40 * 3, dtype=np.float32).reshape(32, 40, 3)
    picture.write("content.tif", deep, bits=16)
    words = ("stylize", "content.tif", "style.png", "--size", "32", "--steps", "2", "-q")
    for out, more, bits in (("a.tif", (), 16), ("b.tif", ("--bits", "8"), 8), ("c.jpg", (), 8)):
        assert nst(*words, "-o", out, *more).code == 0
        assert picture.read(out).bits == bits


def test_names_that_look_like_patterns_or_have_spaces(pair: Path, nst: Nst) -> None:
    Path("content.png").rename("a [1] b.png")
    words = ("stylize", "a [1] b.png", "style.png", "--size", "32", "--steps", "2", "-q")
    assert nst(*words, "-o", "c [*] ü.png", "--save-every", "1", "--no-overwrite").code == 0
    assert Path("c [*] ü.png").exists()
    assert Path("c [*] ü-0001.png").exists()


@pytest.mark.parametrize(
    "failure", [DeviceError("the device is gone", "look for it"), MemoryError("1.2 GiB")]
)
def test_what_fails_midway_leaves_the_best_so_far(
    failure: Exception, pair: Path, nst: Nst, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second level of the pyramid cannot be prepared, as where memory runs out."""
    prepare, prepared = OnnxruntimeSession.bind, []

    def bind(*arguments: Any) -> Any:
        prepared.append(1)
        if len(prepared) == 2:
            raise failure
        return prepare(*arguments)

    monkeypatch.setattr(OnnxruntimeSession, "bind", bind)
    words = "stylize content.png style.png --size 200 --steps 6 --device cpu -q -o out.png --resume s.npz"
    outcome = nst(*words.split())
    assert (outcome.code, outcome.out) == (1, "")
    says = "the device is gone" if isinstance(failure, DeviceError) else "there is not enough memory"
    assert outcome.err.startswith(f"error: {says}; the best so far, after ")
    assert outcome.err.count("\n") == 1
    assert pixels("out.png").shape == (160, 200, 3)
    monkeypatch.undo()
    monkeypatch.chdir(pair)
    assert nst(*words.split()).code == 0  # the state is that of the first level, and good
    assert nst(*words.split()[:-4], "-o", "whole.png").code == 0
    assert np.array_equal(pixels("out.png"), pixels("whole.png"))


def test_a_state_that_cannot_be_saved_is_only_a_warning(pair: Path, nst: Nst) -> None:
    from nst_onnx.cli.files import Files
    from nst_onnx.painting.stylizer import Stylizer

    Path("side").mkdir()
    files = Files(Path("out.png"), state=Path("side/state"))
    files.check(["content.png", "style.png"], overwrite=True)
    Path("side").rmdir()
    with contextlib.redirect_stderr(io.StringIO()) as told:
        for step in Stylizer(ROOT / "model" / "compact.onnx").steps(
            "content.png", "style.png", size=32, steps=2
        ):
            files.save_state(step)
    assert told.getvalue().startswith("warning: from now on without the state")
    assert told.getvalue().count("\n") == 1


def test_disk_full_for_side_pictures_is_only_a_warning(pair: Path, nst: Nst) -> None:
    """The folder of the preview goes away during the run, as a removed drive would."""
    from nst_onnx.cli.files import Files
    from nst_onnx.painting.stylizer import Stylizer

    Path("side").mkdir()
    files = Files(Path("out.png"), preview=Path("side/now.png"))
    files.check(["content.png", "style.png"], overwrite=True)
    Path("side").rmdir()
    steps = Stylizer(ROOT / "model" / "compact.onnx").steps("content.png", "style.png", size=32, steps=2)
    for step in steps:
        files.follow(step)
        result = step.result()
    files.finish(result, complete=True)
    assert pixels("out.png").shape == (26, 32, 3)
