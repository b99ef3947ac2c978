from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_onnx.errors import OptionError
from nst_onnx.painting import option_syntax as syntax
from nst_onnx.painting.options import Options

SIDES = st.integers(1, 99999)
NAMES = st.text("abcz019_/.", min_size=1, max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(SIDES, SIDES, st.sampled_from("xX×"))
def test_size_is_one_side_or_two(width: int, height: int, cross: str) -> None:
    assert syntax.size(str(width)) == width
    assert syntax.size(f" {width}{cross} {height}") == (width, height)


@given(st.lists(NUMBERS, min_size=1))
def test_numbers_come_back(numbers: list[float]) -> None:
    assert syntax.numbers(",".join(map(repr, numbers))) == numbers


@given(st.lists(st.integers(), min_size=1))
def test_whole_numbers_come_back(numbers: list[int]) -> None:
    assert syntax.whole_numbers(", ".join(map(str, numbers))) == numbers


@given(st.dictionaries(NAMES, NUMBERS, min_size=1))
def test_layers_come_back(layers: dict[str, float]) -> None:
    assert syntax.layers(",".join(layers)) == list(layers)
    assert syntax.layers(",".join(f"{name}={weight!r}" for name, weight in layers.items())) == layers


def test_a_layer_without_weight_among_others_has_1() -> None:
    assert syntax.layers("a=0.5,b") == {"a": 0.5, "b": 1.0}


@given(NUMBERS)
def test_one_number_serves_for_three(number: float) -> None:
    assert syntax.three(repr(number)) == (number, number, number)
    assert syntax.three(f"{number!r},1,2") == (number, 1.0, 2.0)


@given(st.text(max_size=20))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for name in ("size", "style_weights", "content_layers"):
        option = Options.table()[name]
        try:
            parsed = option.type.parse(text)
        except OptionError:
            with pytest.raises(OptionError, match=f"^{name}: "):
                option.load(text)
        else:
            assert option.load(text) == parsed


def test_what_has_no_syntax_is_left_alone() -> None:
    values = {"strength": 0.5, "preset": "a,b", "size": 64, "style_layers": ["a", "b"]}
    assert {name: Options.table()[name].load(value) for name, value in values.items()} == values


@pytest.mark.parametrize("text", ["nan", "inf", "1,-inf"])
def test_numbers_are_finite(text: str) -> None:
    with pytest.raises(OptionError, match="finite"):
        syntax.numbers(text)
    assert not math.isfinite(float(text.rpartition(",")[2]))
