"""``nst-onnx compare``: a contact sheet of the same picture under several settings."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nst_onnx.cli import option_parameters
from nst_onnx.cli import parameters as common
from nst_onnx.cli.arguments import Arguments, pictures_among
from nst_onnx.cli.errors import INTERRUPTED, one_line, reading_options
from nst_onnx.cli.interruption import Interruption
from nst_onnx.cli.output_checks import check_apart, check_new
from nst_onnx.cli.progress import stylize as stylize_progress
from nst_onnx.cli.run_options import PREPROCESSING, RunOptions
from nst_onnx.errors import NstError, OptionError
from nst_onnx.painting.option import Option
from nst_onnx.painting.option_types import Choice, Number, OptionType, PictureSource, PresetName, Whole
from nst_onnx.painting.options import PICTURE, Options

if TYPE_CHECKING:
    from nst_onnx.cli.contact_sheet import Cell
    from nst_onnx.painting.step import Step
    from nst_onnx.painting.stylizer import Stylizer

Values = Mapping[str, object]

VARIED_TYPES: tuple[type[OptionType], ...] = (Number, Whole, Choice, PresetName, PictureSource)
FIXED = ("learning_rate", "max_seconds", "min_change")
WITHOUT = ("size", "bits", "metadata", *PREPROCESSING)
FIRST_AXES = ("strength", "style_scale", "preset", "preserve_colour", "init", "pooling", "optimiser")
DEFAULT_AXES: Mapping[str, Sequence[object]] = {"strength": [0.3, 0.5, 0.7], "style_scale": [0.5, 1, 2]}
LEARNED_AXES: Mapping[str, Sequence[object]] = {"strength": [0.2, 0.4, 0.6, 0.8]}
"""In place of these where a style is a learned one: its strokes have one size."""
MOST = 100
WIDEST = 6  # pictures in a row where only one thing varies
STYLE = "style"
"""The name of the axis of `--each`."""

Each = Annotated[
    bool,
    typer.Option(
        "--each",
        help="A picture for each STYLE, in place of one in which they blend.",
        rich_help_panel=PICTURE,
    ),
]
Size = Annotated[
    str,
    typer.Option(
        metavar="N|WxH|full",
        help="Longest side of each picture in pixels, or exactly 400x300.",
        rich_help_panel=PICTURE,
    ),
]


def axes_table() -> dict[str, Option]:
    """Return the options that can vary, by name. The first with several values runs along the rows."""
    table = Options.table()
    rest = [name for name in table if name not in (*FIRST_AXES, *FIXED, *WITHOUT)]
    varied = [name for name in (*FIRST_AXES, *rest) if isinstance(table[name].type, VARIED_TYPES)]
    return {name: table[name] for name in varied} | {"model": RunOptions.table()["model"]}


def parameters(options: Mapping[str, Option]) -> list[inspect.Parameter]:
    """Return the parameters of `compare`: options that can vary take several values."""
    axes = axes_table()
    varied = [
        option_parameters.keyword(
            name,
            str,
            typer.Option(
                metavar="A,B,…",
                help=option_parameters.help_text(replace(option, fallback=_varied_default(option))),
                autocompletion=option.type.suggestions,
                rich_help_panel=option_parameters.VARIED,
            ),
        )
        for name, option in axes.items()
    ]
    return varied + option_parameters.parameters(options, without=(*axes, *WITHOUT))


def _varied_default(option: Option) -> str:
    """Return what help says in parentheses: the values where nothing varies, and whether none is one."""
    values = ",".join(map(str, DEFAULT_AXES.get(option.name, ())))
    notes = [f"{values} if nothing varies"] if values else []
    return ", ".join([*notes, "none is the preset's"] if _takes_none(option) else notes)


def _takes_none(option: Option) -> bool:
    return isinstance(option.type, Choice) and option.default is None


def compare(
    content: common.Content,
    styles: common.PerhapsStyles = None,
    *,
    output: common.Output,
    style: common.NamedStyles = None,
    each: Each = False,
    overwrite: common.Overwrite = True,
    size: Size = "256",
    quiet: common.Quiet = False,
    **given: object,
) -> None:
    """Paint CONTENT in the manner of STYLE under several settings, side by side on one sheet.

    Every combination of the varied values is a picture: the first of them across, the others down.
    """
    table = axes_table()
    with reading_options():
        both = dict.fromkeys([*(styles or []), *(style or [])])
        axes: dict[str, Sequence[object]] = {STYLE: list(both)} if each else {}
        axes |= {
            name: _values(option, str(given[name]))
            for name, option in table.items()
            if given[name] is not None
        }
        if all(len(values) == 1 for values in axes.values()):
            axes = {**(LEARNED_AXES if style else DEFAULT_AXES), **axes}
        fixed = {"size": size} | {name: value for name, value in given.items() if name not in table}
        runs = [(varied, Arguments.of(fixed | _options(varied))) for varied in combinations(axes)]
    styles = common.all_styles(styles, style, perhaps_none=bool(given.get("regions")))
    pictures = [name for _, arguments in runs for name in pictures_among(arguments.options)]
    _check(output, [content, *styles, *pictures], overwrite)
    with stylize_progress.display(quiet) as display:
        comparison = Comparison(content, styles, display)
        with comparison.interruption:
            cells = list(comparison.cells(runs))
            comparison.write(output, cells, axes, runs[0][1].run.jpeg_quality)
        display.say(f"wrote {output}: {len(cells)} pictures")
    if comparison.interruption.asked:
        raise typer.Exit(INTERRUPTED)


def _options(varied: Values) -> dict[str, object]:
    return {name: value for name, value in varied.items() if name != STYLE}


def _values(option: Option, text: str) -> list[object]:
    """Return the values of a varied option; none, for a choice, leaves it to the preset."""
    optional = _takes_none(option)
    return [None if optional and value == "none" else value for value in option.parse_list(text)]


def combinations(axes: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
    """Return every combination of values; the first axis changes fastest. Raises OptionError for too many."""
    found = [dict(zip(axes, values[::-1], strict=True)) for values in product(*[*axes.values()][::-1])]
    if len(found) > MOST:
        raise OptionError(f"that makes {len(found)} pictures, more than {MOST}", "vary less at once")
    return found


def columns(axes: Mapping[str, Sequence[object]]) -> int:
    """Return how many pictures stand in a row: the first axis that varies, broken only if it is alone."""
    lengths = [len(values) for values in axes.values() if len(values) > 1]
    return 1 if not lengths else lengths[0] if len(lengths) > 1 else min(lengths[0], WIDEST)


def label(varied: Values, axes: Mapping[str, Sequence[object]], *, constant: bool = False) -> str:
    """Return the settings that tell a picture from the others, or those that are the same for all."""
    shown = {name: value for name, value in varied.items() if (len(axes[name]) == 1) is constant}
    return ", ".join(_in_words(name, value) for name, value in shown.items())


def _in_words(name: str, value: object) -> str:
    if name == STYLE:
        return Path(str(value)).stem
    name = name.replace("_", " ")
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value or 'none'}"


def _check(output: Path, inputs: Sequence[str], overwrite: bool) -> None:
    from nst_onnx import picture

    picture.check_writable(output)
    check_apart([output], inputs)
    if not overwrite:
        check_new([output])


class Comparison:
    """The pictures of a sheet, made one after the other."""

    def __init__(self, content: str, styles: list[str], display: stylize_progress.Display) -> None:
        from nst_onnx import picture
        from nst_onnx.feedforward import gallery

        self.content = picture.read(content, what="content")
        self.styles = [gallery.find(style) or picture.read(style, what="style") for style in styles]
        self._by_name = dict(zip(styles, self.styles, strict=True))
        self.display = display
        self.interruption = Interruption(
            lambda: display.say("stopping; the sheet gets the pictures made so far")
        )
        self._stylizer: Stylizer | None = None
        self._opened: tuple[object, object] = (None, None)

    def cells(self, runs: Sequence[tuple[dict[str, object], Arguments]]) -> Iterator[Cell]:
        """Yield a picture for each combination; where one fails, what is wrong with it.

        Raises the first NstError where all fail.
        """
        from nst_onnx.cli.contact_sheet import Cell

        axes = {name: {varied[name] for varied, _ in runs} for name in runs[0][0]}
        errors: list[NstError] = []
        for number, (varied, arguments) in enumerate(runs, 1):
            if self.interruption.asked:
                return
            title = label(varied, {name: list(values) for name, values in axes.items()})
            self.display.say(f"{number}/{len(runs)}  {title}")
            try:
                stylizer = self._open(arguments)
                chosen = [self._by_name[str(varied[STYLE])]] if STYLE in varied else self.styles
                result = stylizer.stylize(self.content, chosen, callback=self._after, **arguments.options)
            except NstError as error:
                errors.append(error)
                if len(errors) == len(runs):
                    raise errors[0] from None
                print(one_line("warning", f"{title}: {error}", error.hint), file=sys.stderr)
                yield Cell(title, None, str(error))
            else:
                yield Cell(title, result.image, "")

    def write(
        self, output: Path, cells: Sequence[Cell], axes: Mapping[str, Sequence[object]], quality: int
    ) -> None:
        """Write the sheet."""
        import numpy as np

        from nst_onnx import picture
        from nst_onnx.cli import contact_sheet
        from nst_onnx.cli.contact_sheet import Cell
        from nst_onnx.painting.result import to_image

        sources = (self.content, *(s for s in self.styles if isinstance(s, picture.Picture)))
        heading = [Cell(source.name, to_image(source.rgb, source.alpha), "") for source in sources]
        constant = label({name: values[0] for name, values in axes.items()}, axes, constant=True)
        sheet = contact_sheet.draw(heading, constant, cells, columns(axes))
        picture.write(output, np.asarray(sheet, np.float32) / np.float32(255), quality=quality)

    def _open(self, arguments: Arguments) -> Stylizer:
        wanted = (arguments.run.model, arguments.options.get("preset"))
        if self._stylizer is None or wanted != self._opened:
            self._stylizer = None  # free its memory first
            self._stylizer, self._opened = arguments.stylizer(), wanted
        return self._stylizer

    def _after(self, step: Step) -> bool:
        self.interruption.holding = True
        self.display.show(step)
        return not self.interruption.asked
