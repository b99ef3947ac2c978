from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from nst_onnx.cli import config
from nst_onnx.cli.arguments import Arguments
from nst_onnx.cli.run_options import RunOptions
from nst_onnx.errors import OptionError
from nst_onnx.painting.option_types import Flag
from nst_onnx.painting.options import Options


def write(folder: Path, text: str) -> Path:
    path = folder / "c.toml"
    path.write_text(text, "utf-8")
    return path


def test_every_option_of_the_library_can_be_configured() -> None:
    assert {field.name for field in fields(Options)} - {"extra"} <= set(config.options())


def test_toml_and_command_line_spellings(tmp_path: Path) -> None:
    native = write(
        tmp_path,
        'size = [40, 30]\nstyle_layers = ["a", "b"]\nstyle_weights = [2, 1]\n'
        "mean = [1, 2, 3]\n[content_layers]\nc = 0.5\nd = 1",
    )
    found = config.read(native)
    text = write(
        tmp_path,
        'size = "40x30"\nstyle_layers = "a,b"\nstyle_weights = "2,1"\n'
        'mean = "1,2,3"\ncontent_layers = "c=0.5,d"',
    )
    assert {**config.read(text), "mean": [1, 2, 3]} == found
    assert found["size"] == (40, 30)
    assert found["content_layers"] == {"c": 0.5, "d": 1}


def test_memory_is_bytes_or_text(tmp_path: Path) -> None:
    for written, size in (('"2GB"', "2GB"), ("2000000000", 2_000_000_000)):
        arguments = Arguments.of({}, write(tmp_path, f"max-memory = {written}"))
        assert arguments.options == {"max_memory": size}
    with pytest.raises(OptionError, match="max_memory must be a size"):
        Arguments.of({}, write(tmp_path, 'max-memory = "much"'))


def test_the_command_line_wins(tmp_path: Path) -> None:
    path = write(tmp_path, 'strength = 0.3\nseed = 5\nmodel = "compact"\npyramid = false')
    arguments = Arguments.of({"strength": 0.6, "model": None, "pyramid": True}, path)
    assert arguments.options == {"strength": 0.6, "seed": 5, "pyramid": True}
    assert arguments.run == RunOptions(model="compact")


def test_names_as_on_the_command_line(tmp_path: Path) -> None:
    path = write(tmp_path, 'style-scale = 0.5\npreserve_color = "luminance"\noptimizer = "adam"')
    assert config.read(path) == {"style_scale": 0.5, "preserve_colour": "luminance", "optimiser": "adam"}
    with pytest.raises(OptionError, match="optimiser twice"):
        config.read(write(tmp_path, 'optimizer = "adam"\noptimiser = "lbfgs"'))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("style_scael = 1", "did you mean style_scale"),
        ("[picture]", "options are: preset"),
    ],
)
def test_unknown_names_are_refused_with_help(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(OptionError) as caught:
        config.read(write(tmp_path, text))
    assert says in caught.value.hint


@pytest.mark.parametrize("name", list(config.options()))
def test_values_of_a_wrong_kind_are_refused(tmp_path: Path, name: str) -> None:
    wrong = '"x"' if isinstance(config.options()[name].type, Flag) else "true"
    with pytest.raises(OptionError, match=rf"c\.toml gives {name} a value of the wrong kind"):
        config.read(write(tmp_path, f"{name} = {wrong}"))


def test_layers_are_names(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="wrong kind"):
        config.read(write(tmp_path, "style_layers = [1, 2]"))


def test_a_byte_order_mark(tmp_path: Path) -> None:
    """Windows' editors begin files with it."""
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xef\xbb\xbfstrength = 0.25\n")
    assert config.read(path) == {"strength": 0.25}
