"""``nst-onnx learn``: learn a painting as a style for one pass."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nst_onnx.cli import output_checks
from nst_onnx.cli.arguments import Arguments
from nst_onnx.cli.run_options import OUTPUT
from nst_onnx.errors import OptionError
from nst_onnx.support.library_errors import system_reason

if TYPE_CHECKING:
    from nst_onnx.feedforward.fitting import Fitted

OPTIONS = ("style_scale", "style_frame", "style_statistic", "max_memory", "model", "device", "threads")

Painting = Annotated[
    str, typer.Argument(metavar="PAINTING", help="The painting to learn.", show_default=False)
]
Name = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What `--style` calls it (the painting's file name).",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE.nst",
        help="Write the style here, instead of among your own styles.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Photos = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PHOTO",
        help="A photo to learn on; give it several times (drawn pictures that ship).",
        show_default=False,
    ),
]
Evaluations = Annotated[int, typer.Option("--steps", metavar="N", min=1, help="Evaluations of each photo.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", metavar="", help="Print nothing but warnings and errors.")
]


def learn(
    painting: Painting,
    *,
    name: Name = None,
    output: Output = None,
    photo: Photos = None,
    evaluations: Evaluations = 40,
    quiet: Quiet = False,
    **given: object,
) -> None:
    """Learn a painting as a style for one pass: `nst-onnx stylize photo.jpg --style NAME`."""
    from nst_onnx.feedforward import gallery
    from nst_onnx.feedforward.learned_style import SUFFIX
    from nst_onnx.painting.learning import learn as learned
    from nst_onnx.painting.network_choice import NetworkChoice, Networks
    from nst_onnx.painting.options import LossOptions

    arguments = Arguments.of(given)
    if output is not None and output.suffix.lower() != SUFFIX:
        raise OptionError(f"{output} does not end in {SUFFIX}", f"name it {output.with_suffix(SUFFIX).name}")
    called = name or _name_of((output or Path(painting)).stem)
    path = output or gallery.path_for(called)
    if output is None:
        _make_own_folder(path.parent)
    output_checks.check_writable(path)
    output_checks.check_apart([path], [painting, *(photo or [])])
    run = arguments.run
    networks = Networks(NetworkChoice(run.model, run.device, run.threads, run.preprocessing()))

    def report(count: int, fitted: Fitted) -> None:
        if not quiet and sys.stderr.isatty():
            print(
                f"\r{count}/{evaluations}  loss {fitted.best_loss:.4g}  ", end="", file=sys.stderr, flush=True
            )

    style = learned(
        networks,
        painting,
        called,
        LossOptions.of(arguments.options),
        photos=photo or (),
        evaluations=evaluations,
        report=report,
    )
    style.save(path)
    if not quiet and sys.stderr.isatty():
        print(file=sys.stderr)
    if not quiet:
        use = called if output is None else str(output)
        print(f"wrote {path}; use it: nst-onnx stylize photo.jpg --style {use} -o painted.png")


def _name_of(stem: str) -> str:
    """Return a style's name from a file's. Raises OptionError where it has no letter that a name may have."""
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:64]
    if not name:
        raise OptionError(f"{stem} cannot be the name of a style", "give one: --name dunes")
    return name


def _make_own_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"{folder} cannot be made: {system_reason(error)}", "give -o FILE.nst") from error
