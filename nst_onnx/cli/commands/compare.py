"""``nst-onnx compare``: a contact sheet over settings, to choose by eye."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nst_onnx.cli import completion, options, syntax
from nst_onnx.cli.arguments import Choice
from nst_onnx.cli.errors import INTERRUPTED, one_line
from nst_onnx.cli.interruption import Interruption
from nst_onnx.cli.output_checks import check_apart, check_new
from nst_onnx.cli.progress import stylize as stylize_progress
from nst_onnx.errors import NstError, OptionError

if TYPE_CHECKING:
    from nst_onnx.cli.contact_sheet import Cell
    from nst_onnx.painting.stylizer import Step, Stylizer

Values = Mapping[str, Any]

VARIED = "Varied: each takes several values, as in 0.3,0.5,0.7"
MOST = 100
WIDEST = 6  # pictures in a row where only one thing varies


def _none(text: str) -> list[str | None]:
    return [None if name == "none" else name for name in syntax.names(text)]


AXES: Mapping[str, Callable[[str], Sequence[Any]]] = {
    "strength": syntax.numbers,
    "style_scale": syntax.numbers,
    "preset": syntax.names,
    "preserve_colour": _none,
    "init": syntax.names,
    "pooling": syntax.names,
    "optimiser": syntax.names,
    "content_weight": syntax.numbers,
    "style_weight": syntax.numbers,
    "tv_weight": syntax.numbers,
    "averaging": syntax.numbers,
    "steps": syntax.whole_numbers,
    "seed": syntax.whole_numbers,
    "model": syntax.names,
}
"""What can vary, and how its values are written. The first with several runs along the rows."""
DEFAULT_AXES = {"strength": [0.3, 0.5, 0.7]}


def _varied(help: str, **more: Any) -> Any:
    return typer.Option(metavar="A,B,…", help=help, rich_help_panel=VARIED, **more)


def compare(
    content: options.Content,
    styles: options.Styles,
    *,
    strength: Annotated[str | None, _varied("How much style, 0..1 (0.3,0.5,0.7 if nothing varies).")] = None,
    style_scale: Annotated[str | None, _varied("Size of the style relative to the content.")] = None,
    preset: Annotated[str | None, _varied("Recipes.", autocompletion=completion.presets)] = None,
    preserve_colour: Annotated[
        str | None,
        _varied("none, luminance, histogram, covariance.", autocompletion=completion.preserve_colour),
    ] = None,
    init: Annotated[
        str | None, _varied("content, noise, style, or files.", autocompletion=completion.starts)
    ] = None,
    pooling: Annotated[str | None, _varied("max, average.", autocompletion=completion.pooling)] = None,
    optimiser: Annotated[
        str | None, _varied("lbfgs, preconditioned, adam.", autocompletion=completion.optimisers)
    ] = None,
    content_weight: Annotated[str | None, _varied("Weights of likeness to the content.")] = None,
    style_weight: Annotated[str | None, _varied("Weights of likeness to the style.")] = None,
    tv_weight: Annotated[str | None, _varied("Weights of smoothness.")] = None,
    averaging: Annotated[str | None, _varied("Decays of the running average of iterates.")] = None,
    steps: Annotated[str | None, _varied("Evaluations in all.")] = None,
    seed: Annotated[str | None, _varied("Seeds of the random numbers.")] = None,
    model: Annotated[str | None, _varied("Networks.", autocompletion=completion.models)] = None,
    size: Annotated[
        str,
        typer.Option(
            metavar="N|WxH",
            help="Longest side of each picture in pixels, or exactly 400x300.",
            rich_help_panel=options.PICTURE,
        ),
    ] = "256",
    style_weights: options.StyleWeights = None,
    content_layers: options.ContentLayers = None,
    style_layers: options.StyleLayers = None,
    max_seconds: options.MaxSeconds = None,
    pyramid: options.Pyramid = None,
    learning_rate: options.LearningRate = None,
    device: options.Device = None,
    threads: options.Threads = None,
    max_memory: options.MaxMemory = None,
    output: options.Output,
    overwrite: options.Overwrite = True,
    jpeg_quality: options.JpegQuality = None,
    quiet: options.Quiet = False,
) -> None:
    """Paint CONTENT in the manner of STYLE under several settings, side by side on one sheet.

    Every combination of the varied values is a picture: the first of them across, the others down.
    """
    given = dict(locals())
    axes = syntax.parse({name: given[name] for name in AXES if given[name] is not None}, AXES)
    if all(len(values) == 1 for values in axes.values()):
        axes = DEFAULT_AXES | axes
    fixed = {name: value for name, value in given.items() if name not in (*AXES, *_NO_CONTROLS)}
    runs = [(varied, Choice.of(fixed | varied)) for varied in combinations(axes)]
    _check(output, [content, *styles], overwrite)
    with stylize_progress.display(quiet) as display:
        comparison = Comparison(content, styles, display)
        with comparison.interruption:
            cells = list(comparison.cells(runs))
            comparison.write(output, cells, axes, jpeg_quality or 95)
        display.say(f"wrote {output}: {len(cells)} pictures")
    if comparison.interruption.asked:
        raise typer.Exit(INTERRUPTED)


_NO_CONTROLS = ("content", "styles", "output", "overwrite", "jpeg_quality", "quiet")


def combinations(axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return every combination of values; the first axis changes fastest. Raises OptionError for too many."""
    found = [dict(zip(axes, values[::-1], strict=True)) for values in product(*[*axes.values()][::-1])]
    if len(found) > MOST:
        raise OptionError(f"that makes {len(found)} pictures, more than {MOST}", "vary less at once")
    return found


def columns(axes: Mapping[str, Sequence[Any]]) -> int:
    """Return how many pictures stand in a row: the first axis that varies, broken only if it is alone."""
    lengths = [len(values) for values in axes.values() if len(values) > 1]
    return 1 if not lengths else lengths[0] if len(lengths) > 1 else min(lengths[0], WIDEST)


def label(varied: Values, axes: Mapping[str, Sequence[Any]], *, constant: bool = False) -> str:
    """Return the settings that tell a picture from the others, or those that are the same for all."""
    shown = {name: value for name, value in varied.items() if (len(axes[name]) == 1) is constant}
    return ", ".join(
        f"{name.replace('_', ' ')} {value:g}"
        if isinstance(value, float)
        else f"{name.replace('_', ' ')} {value or 'none'}"
        for name, value in shown.items()
    )


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

        self.content = picture.read(content, what="content")
        self.styles = [picture.read(style, what="style") for style in styles]
        self.display = display
        self.interruption = Interruption(
            lambda: display.say("stopping; the sheet gets the pictures made so far")
        )
        self._stylizer: Stylizer | None = None
        self._opened: tuple[Any, Any] = (None, None)

    def cells(self, runs: Sequence[tuple[dict[str, Any], Choice]]) -> Iterator[Cell]:
        """Yield a picture for each choice; where one fails, what is wrong with it.

        Raises the first NstError where all fail.
        """
        from nst_onnx.cli.contact_sheet import Cell

        axes = {name: {varied[name] for varied, _ in runs} for name in runs[0][0]}
        errors: list[NstError] = []
        for number, (varied, choice) in enumerate(runs, 1):
            if self.interruption.asked:
                return
            title = label(varied, {name: list(values) for name, values in axes.items()})
            self.display.say(f"{number}/{len(runs)}  {title}")
            try:
                pictures: tuple[Any, Any] = self.content, self.styles  # read once, for all
                result = self._open(choice).stylize(*pictures, callback=self._after, **choice.options)
            except NstError as error:
                errors.append(error)
                if len(errors) == len(runs):
                    raise errors[0] from None
                print(one_line("warning", f"{title}: {error}", error.hint), file=sys.stderr)
                yield Cell(title, None, str(error))
            else:
                yield Cell(title, result.image, "")

    def write(
        self, output: Path, cells: Sequence[Cell], axes: Mapping[str, Sequence[Any]], quality: int
    ) -> None:
        """Write the sheet."""
        import numpy as np

        from nst_onnx import picture
        from nst_onnx.cli import contact_sheet
        from nst_onnx.cli.contact_sheet import Cell
        from nst_onnx.painting.result import to_image

        sources = (self.content, *self.styles)
        heading = [Cell(source.name, to_image(source.rgb, source.alpha), "") for source in sources]
        constant = label({name: values[0] for name, values in axes.items()}, axes, constant=True)
        sheet = contact_sheet.draw(heading, constant, cells, columns(axes))
        picture.write(output, np.asarray(sheet, np.float32) / np.float32(255), quality=quality)

    def _open(self, choice: Choice) -> Stylizer:
        wanted = (choice.others.get("model"), choice.options.get("preset"))
        if self._stylizer is None or wanted != self._opened:
            self._stylizer = None  # free its memory first
            self._stylizer, self._opened = choice.stylizer(), wanted
        return self._stylizer

    def _after(self, step: Step) -> bool:
        self.interruption.holding = True
        self.display.show(step)
        return not self.interruption.asked
