"""``nst-onnx batch`` as somebody uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from support.command import Outcome
from support.pictures import smooth_picture

from nst_onnx.cli.variadic_options import ADDRESS, expand_variadic

Nst = Callable[..., Outcome]
SMALL = "--size 24 --steps 4 --model compact --device cpu --threads 1".split()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with two photos, two paintings, and a file that is no picture."""
    for number, name in enumerate(("a.png", "ü.png", "x.jpg", "y.jpg")):
        smooth_picture(24, 30, seed=number).save(tmp_path / name)
    (tmp_path / "broken.png").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def results(folder: Path) -> set[str]:
    return {str(path.relative_to(folder / "out")) for path in (folder / "out").rglob("*") if path.is_file()}


def test_all_in_all(folder: Path, nst: Nst) -> None:
    done = nst("batch", "a.png", "ü.png", "--styles", "x.jpg", "y.jpg", "--out-dir", "out", *SMALL)
    assert done.code == 0
    assert done.out == ""
    assert done.err.splitlines()[-1] == "4 pictures: 4 painted"
    assert results(folder) == {"a-x.png", "a-y.png", "ü-x.png", "ü-y.png"}
    again = nst("batch", "[aü].png", "--styles", "[xy].jpg", "--out-dir", "out", *SMALL)
    assert again == (0, "", "4 pictures: 0 painted, 4 there already\n")


def test_pairs_with_names_of_ones_own(folder: Path, nst: Nst) -> None:
    done = nst(
        *("batch", "a.png", "ü.png", "--pairs", "--styles", "x.jpg", "--styles", "y.jpg", "-o", "out", "-q"),
        *("--name", "{style}/{number}-{content}.webp", *SMALL),
    )
    assert done == (0, "", "")
    assert results(folder) == {"x/1-a.webp", "y/2-ü.webp"}


def test_what_fails_is_told_at_the_end(folder: Path, nst: Nst) -> None:
    done = nst("batch", "*.png", "--styles", "[xy].jpg", "-o", "out", "--json", "-q", *SMALL)
    assert done.code == 1
    assert done.err.count("\n") == 1  # both for the same reason
    assert done.err.startswith("error: out/broken-")
    assert "and 1 more" in done.err
    told = json.loads(done.out)
    assert (told["painted"], told["skipped"], told["failed"], told["interrupted"]) == (4, 0, 2, 0)
    by_output = {Path(picture["output"]).name: picture for picture in told["pictures"]}
    assert by_output["broken-x.png"]["state"] == "failed"
    assert "broken.png" in by_output["broken-x.png"]["error"]
    assert (by_output["a-y.png"]["width"], by_output["a-y.png"]["height"]) == (24, 19)
    assert by_output["a-y.png"]["losses"]["total"] > 0


def test_a_single_picture_that_fails_is_told_once(folder: Path, nst: Nst) -> None:
    done = nst("batch", "broken.png", "--styles", "x.jpg", "-o", "out", *SMALL)
    assert done.code == 1
    assert done.err.startswith("error: out/broken-x.png: cannot read")
    assert done.err.count("\n") == 1


def test_made_otherwise(folder: Path, nst: Nst) -> None:
    line = ("batch", "a.png", "--styles", "x.jpg", "-o", "out", *SMALL)
    nst(*line)
    before = (folder / "out" / "a-x.png").read_bytes()
    done = nst(*line, "--strength", "0.9", "-q")
    assert done.code == 0
    assert done.err.startswith("warning: out/a-x.png is there already, made with strength 0.5")
    assert (folder / "out" / "a-x.png").read_bytes() == before
    assert nst(*line, "--strength", "0.9", "--overwrite").code == 0
    assert (folder / "out" / "a-x.png").read_bytes() != before


def test_controls_are_those_of_stylize(folder: Path, nst: Nst) -> None:
    (folder / "fine.toml").write_text("strength = 0.7\nsize = 20\nsteps = 3\n")
    where = ("--model", "compact", "--device", "cpu", "--threads", "1", "--config", "fine.toml")
    assert nst("batch", "a.png", "--styles", "x.jpg", "-o", "out", "--seed", "5", *where).code == 0
    assert nst("stylize", "a.png", "x.jpg", "-o", "alone.png", "--seed", "5", *where).code == 0
    assert (folder / "alone.png").read_bytes() == (folder / "out" / "a-x.png").read_bytes()


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("*.gif --styles x.jpg -o out", 1, "no content matches"),
        ("a.png --styles *.gif -o out", 1, "no style matches"),
        ("a.png --styles x.jpg y.jpg --pairs -o out", 1, "1 contents and 2 styles"),
        ("a.png --styles x.jpg y.jpg --name {content}.png -o out", 1, "both be written to"),
        ("a.png --styles x.jpg -o a.png", 1, "cannot make the folder a.png"),
        ("a.png --styles x.jpg -o out --jobs 0", 2, "--jobs"),
        ("a.png --styles x.jpg -o out --name {content}.gif", 1, "cannot write"),
        ("a.png --styles x.jpg -o out --strength 2", 2, "strength"),
        ("a.png --styles -o out", 2, "--styles needs a value"),
        ("a.png -o out", 2, "--styles"),
        ("--styles x.jpg -o out", 2, "CONTENTS"),
    ],
)
def test_what_makes_no_sense_is_told_before_the_work(
    folder: Path, nst: Nst, line: str, code: int, message: str
) -> None:
    done = nst("batch", *line.split())
    assert done.code == code
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not list(folder.glob("out/*"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a --styles x y --out o", "a --styles x --styles y --out o"),
        ("a --styles x --styles y z", "a --styles x --styles y --styles z"),
        ("--styles=x a", "--styles=x a"),
        ("a --styles x -- --styles b", "a --styles x -- --styles b"),
    ],
)
def test_options_that_take_several_words(line: str, expected: str) -> None:
    assert list(expand_variadic(line.split(), ["--styles"])) == expected.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--ray a.jpg b.jpg", "--ray= a.jpg b.jpg"),
        ("a.jpg --ray", "a.jpg --ray="),
        ("--ray auto a.jpg", "--ray=auto a.jpg"),
        ("a.jpg --ray ray://head:10001 --seed 1", "a.jpg --ray=ray://head:10001 --seed 1"),
        ("a.jpg --ray http://nowhere --seed 1", "a.jpg --ray=http://nowhere --seed 1"),
        ("a.jpg --styles x --ray 10.0.0.1:6379 y", "a.jpg --styles x --ray=10.0.0.1:6379 y"),
        ("a.jpg --ray=head:1", "a.jpg --ray=head:1"),
    ],
)
def test_an_option_that_takes_an_address_or_nothing(line: str, expected: str) -> None:
    assert list(expand_variadic(line.split(), ["--styles"], {"--ray": ADDRESS})) == expected.split()


def test_an_option_without_its_words() -> None:
    with pytest.raises(typer.BadParameter, match="--styles needs a value"):
        list(expand_variadic(["a", "--styles"], ["--styles"]))
