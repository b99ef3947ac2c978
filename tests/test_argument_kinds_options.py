"""Every kind of value for every option, by Python: it works, or raises an OptionError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nst_onnx import Region, Stylizer
from nst_onnx.errors import NstError, OptionError
from nst_onnx.painting.options import Options

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
MASK = np.zeros((24, 32), np.uint8)
MASK[:, :16] = 255
QUICK: dict[str, Any] = {"size": 24, "steps": 2, "pyramid": False}
HUGE = 10**5000  # Python refuses to print it
NUMBERS = [1, 0.5, np.float32(0.5), np.float64(0.5), np.uint8(1), np.array(0.5)]
WHOLE = [2, np.int64(2), np.uint8(2), np.array(2)]
GOOD: dict[str, list[Any]] = {
    "preset": ["default", np.str_("default")],
    "size": [24, np.int64(24), (24, 24), [24, 24], np.array([24, 24]), (np.int64(24), np.int32(24)), None],
    "style_weights": [[1], (1.0,), np.array([1]), [np.float32(1)], None],
    "content_layers": [["conv3_1"], ("conv3_1",), np.array(["conv3_1"]), {"conv3_1": np.float32(1)}, None],
    "style_layers": [["conv1_1"], ("conv1_1",), {"conv1_1": 1, "conv2_1": np.float64(2)}, None],
    "pooling": ["max", "average", np.str_("max"), None],
    "preserve_colour": ["luminance", "histogram", "covariance", None],
    "max_memory": ["2GB", 2**40, np.int64(2**40), None],
    "quality": ["fast", "good", "best", None],
    "pyramid": [True, False, np.True_, None],
    "optimiser": ["lbfgs", "preconditioned", "adam", None],
    "seed": WHOLE,
    "steps": [*WHOLE, None],
    "style_scale": [*NUMBERS, "auto", np.str_("auto")],
    "style_frame": ["crop", "keep"],
    "colour_transfer": [True, False, np.True_],
    "style_statistic": ["gram", ["moments"], ("gram",), {"gram": 1, "neighbours": np.float32(0.5)}, None],
    "neighbours_weight": [*NUMBERS, None],
    "neighbours_layers": [["conv3_1"], ("conv3_1",), {"conv3_1": 1}, None],
    "strength": NUMBERS,
    "content_weight": [*NUMBERS, None],
    "style_weight": [*NUMBERS, None],
    "tv_weight": [*NUMBERS, None],
    "max_seconds": [*NUMBERS, None],
    "learning_rate": [*NUMBERS, None],
    "min_change": [*NUMBERS, None],
    "averaging": [0, 0.5, np.float32(0.5), None],
    "regions": [
        None,
        "colour",
        ["auto"],
        [],
        (),
        [Region(MASK, PIXELS)],
        (Region(MASK, [PIXELS, PIXELS], np.float32(0.5)),),
    ],
    "labels": [None],
    "style_labels": [None],
    "keep": [None, MASK],
    "strength_map": [None, MASK, PIXELS],
    "style_mask": [None, MASK],
    "guides": ["plain", "inside"],
}
WRONG: list[Any] = [
    -1,
    1j,
    float("nan"),
    HUGE,
    -HUGE,
    "",
    "x",
    b"max",
    (),
    [],
    {},
    [None],
    ["a", 1],
    {"a": "b"},
    {1: 2},
    {1},
    iter([1]),
    np.ones((2, 2)),
    np.array([["a", "b"]]),
    np.datetime64("2020-01-01"),
    object(),
    len,
    int,
    Path("x"),
    PIXELS,
]


def test_the_table_has_every_option() -> None:
    assert {*GOOD, "init"} == set(Options.table())


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    return Stylizer("compact", "cpu", threads=1)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in GOOD for value in GOOD[name]])
def test_options(name: str, value: Any, stylizer: Stylizer, tmp_path: Path) -> None:
    options = QUICK | {name: value}
    if name == "quality":  # a whole painting takes too long
        Options.of({name: value})
        return
    small = PIXELS[:18, :24] if options["size"] is None else PIXELS
    if name == "size" and value is None:
        Options.of({name: value})
        return
    result = stylizer.stylize(small, PIXELS, **options | ({"steps": 2} if value is None else {}))
    result.save(tmp_path / "out.png")  # its settings must fit for JSON


PICTURES = {"labels", "style_labels", "keep", "strength_map", "style_mask"}  # checked when they are read


@pytest.mark.parametrize("name", sorted(PICTURES))
@pytest.mark.parametrize("value", [-1, 1j, "", "x.png", b"max", [], {}, object(), len, np.ones((2, 2, 7))])
def test_wrong_pictures(name: str, value: Any, stylizer: Stylizer) -> None:
    with pytest.raises(NstError) as caught:
        stylizer.stylize(PIXELS, PIXELS, **QUICK | {name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(set(GOOD) - PICTURES))
def test_wrong_options(name: str, stylizer: Stylizer) -> None:
    for value in WRONG:
        if name == "regions" and isinstance(value, tuple | list) and not value:
            continue  # no regions
        if name in ("seed", "steps") and value is HUGE:
            continue  # these have no upper bound
        with pytest.raises(OptionError) as caught:
            Options.of({name: value})
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300
    with pytest.raises(OptionError):
        stylizer.stylize(PIXELS, PIXELS, **QUICK | {name: object()})
