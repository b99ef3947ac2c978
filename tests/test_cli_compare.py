from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.command import Outcome
from support.pictures import smooth_picture

import nst_onnx
from nst_onnx.cli import contact_sheet
from nst_onnx.cli.commands import compare
from nst_onnx.cli.contact_sheet import Cell
from nst_onnx.errors import OptionError

Nst = Callable[..., Outcome]
LINE = ("compare", "content.png", "style.png", "-o", "sheet.png", "--size", "32", "--steps", "3", "-q")


def contains(sheet: Image.Image, picture: Image.Image) -> bool:
    """Whether the picture stands somewhere in the sheet, unchanged."""
    whole, part = np.asarray(sheet), np.asarray(picture)
    windows = np.lib.stride_tricks.sliding_window_view(whole, part.shape)[:, :, 0]
    corners = np.argwhere((windows[:, :, 0, 0] == part[0, 0]).all(axis=-1))
    return any(np.array_equal(windows[y, x], part) for y, x in corners)


def test_the_sheet_holds_what_each_setting_makes(pair: Path, nst: Nst) -> None:
    assert nst(*LINE, "--strength", "0.2,0.9", "--preserve-colour", "none,luminance") == (0, "", "")
    sheet = Image.open("sheet.png").convert("RGB")
    for strength in (0.2, 0.9):
        for kept in (None, "luminance"):
            options = {"size": 32, "steps": 3, "strength": strength, "preserve_colour": kept}
            assert contains(sheet, nst_onnx.stylize("content.png", "style.png", **options).image)
    assert not contains(sheet, nst_onnx.stylize("content.png", "style.png", size=32, steps=3).image)


def test_strengths_and_sizes_of_strokes_if_nothing_varies(pair: Path, nst: Nst) -> None:
    assert nst(*LINE).code == 0
    sheet = Image.open("sheet.png").convert("RGB")
    for strength, scale in ((0.3, 1), (0.5, 0.5), (0.5, 2), (0.7, 1)):
        options = {"size": 32, "steps": 3, "strength": strength, "style_scale": scale}
        assert contains(sheet, nst_onnx.stylize("content.png", "style.png", **options).image)


def test_a_picture_for_each_style_in_one_pass(pair: Path, nst: Nst) -> None:
    smooth_picture(40, 40, seed=5).save("other.png")
    line = ("compare", "content.png", "style.png", "other.png", "--each", "--style", "breakers")
    assert nst(*line, "-o", "sheet.png", "--size", "32", "--quality", "instant", "-q") == (0, "", "")
    sheet = Image.open("sheet.png").convert("RGB")
    for style in ("style.png", "other.png", "breakers"):
        result = nst_onnx.stylize("content.png", style, size=32, quality="instant")
        assert contains(sheet, result.image)


def test_one_failing_setting_does_not_spoil_the_others(pair: Path, nst: Nst) -> None:
    outcome = nst(*LINE, "--preset", "default,course")
    assert outcome.code == 0
    assert outcome.err.startswith("warning: ")
    assert "course" in outcome.err
    result = nst_onnx.stylize("content.png", "style.png", size=32, steps=3)
    assert contains(Image.open("sheet.png").convert("RGB"), result.image)


def test_existing_sheets_can_be_protected(pair: Path, nst: Nst) -> None:
    Path("sheet.png").write_text("mine")
    assert nst(*LINE, "--no-overwrite").code == 1
    assert Path("sheet.png").read_text() == "mine"


@given(
    st.dictionaries(st.text("abc", min_size=1), st.lists(st.integers(), min_size=1, max_size=4), max_size=3)
)
def test_every_combination_once_and_the_first_axis_fastest(axes: dict[str, list[int]]) -> None:
    found = compare.combinations(axes)
    assert len(found) == np.prod([len(values) for values in axes.values()], dtype=int)
    if axes:
        first, values = next(iter(axes.items()))
        assert [varied[first] for varied in found[: len(values)]] == values


@pytest.mark.parametrize(
    ("lengths", "columns"),
    [((3, 2), 3), ((2, 3), 2), ((1, 4), 4), ((9,), compare.WIDEST), ((8, 2), 8), ((), 1)],
)
def test_the_first_axis_runs_across(lengths: tuple[int, ...], columns: int) -> None:
    assert compare.columns({str(n): list(range(length)) for n, length in enumerate(lengths)}) == columns


@given(st.lists(st.text("abcmil", min_size=1, max_size=30), max_size=8), st.integers(20, 300))
def test_captions_break_between_words(words: list[str], width: int) -> None:
    writing = contact_sheet.Writing(12.0)
    font = writing._font
    lines = writing._lines(" ".join(words), width)
    assert "".join(lines).replace(" ", "") == "".join(words)
    assert all(font.getlength(line) <= width for line in lines)
    if all(font.getlength(word) <= width for word in words):
        assert " ".join(lines).split() == words


def test_captions_break_between_settings_first() -> None:
    writing = contact_sheet.Writing(12.0)
    width = round(writing._font.getlength("strength 0.3, style scale"))
    assert writing._lines("strength 0.3, style scale 0.5", width) == ["strength 0.3,", "style scale 0.5"]


def test_too_many_pictures_are_refused() -> None:
    with pytest.raises(OptionError, match="more than"):
        compare.combinations({"a": list(range(11)), "b": list(range(10))})


def test_labels_tell_pictures_apart() -> None:
    axes = {"strength": [0.3, 0.5], "style_scale": [1.0], "preserve_colour": [None, "luminance"]}
    varied = {"strength": 0.3, "style_scale": 1.0, "preserve_colour": None}
    assert compare.label(varied, axes) == "strength 0.3, preserve colour none"
    assert compare.label(varied, axes, constant=True) == "style scale 1"


@pytest.mark.parametrize("shape", [(1, 1), (200, 4), (4, 200), (48, 64)])
@pytest.mark.parametrize("columns", [1, 3])
def test_pictures_of_any_shape_fit_on_a_sheet(shape: tuple[int, int], columns: int) -> None:
    cells = [Cell(f"a long title of picture {n}", smooth_picture(*shape, seed=n), "") for n in range(4)]
    sheet = contact_sheet.draw([Cell("source.png", smooth_picture(9, 300, 9), "")], "heading", cells, columns)
    for cell in cells:
        assert cell.image is not None
        assert contains(sheet, cell.image)


def test_transparent_pictures_lie_on_paper() -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    sheet = contact_sheet.draw([Cell("", clear, "")], "", [Cell("", clear, "")], 1)
    assert set(sheet.get_flattened_data()) == {contact_sheet.PAPER}
