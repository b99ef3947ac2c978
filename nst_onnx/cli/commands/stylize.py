"""``nst-onnx stylize``: paint one picture."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from nst_onnx.cli import parameters, pipes
from nst_onnx.cli.arguments import Arguments, pictures_among
from nst_onnx.cli.errors import INTERRUPTED, UsageError
from nst_onnx.cli.files import Files
from nst_onnx.cli.painting_run import Run, beginning
from nst_onnx.cli.progress import stylize as stylize_progress
from nst_onnx.cli.run_options import OUTPUT
from nst_onnx.errors import NstError
from nst_onnx.painting.options import MODEL

SaveEvery = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Also write OUT-0020.png and so on, every N steps.",
        rich_help_panel=OUTPUT,
    ),
]
Preview = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Keep the current picture of the run in this file.", rich_help_panel=OUTPUT
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help='Plot the losses (needs "nst-onnx\\[plot]").', rich_help_panel=OUTPUT),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Save the run's checkpoint here; if it exists already, resume from it.",
        rich_help_panel=OUTPUT,
    ),
]

Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="How many workers of the cluster share the picture (one for each GPU, or for every 8 cores).",
        rich_help_panel=MODEL,
    ),
]


def stylize(
    content: parameters.Content,
    styles: parameters.PerhapsStyles = None,
    *,
    output: parameters.Output,
    style: parameters.NamedStyles = None,
    format: parameters.Format = None,
    overwrite: parameters.Overwrite = True,
    ray: parameters.Ray = None,
    workers: Workers = None,
    save_every: SaveEvery = None,
    preview: Preview = None,
    plot: Plot = None,
    resume: Resume = None,
    config: parameters.Config = None,
    json: parameters.Json = False,
    quiet: parameters.Quiet = False,
    **given: object,
) -> None:
    """Paint CONTENT in the manner of STYLE (several blend), or of a learned style, `--style NAME`.

    Ctrl-C saves the best picture so far; pressed again, it stops at once.
    """
    arguments = Arguments.of(given, config)
    options = arguments.options
    styles = parameters.all_styles(styles, style, perhaps_none=bool(options.get("regions")))
    run_options = arguments.run
    form = pipes.output_format(output, format)
    if form and json:
        raise UsageError("--json and -o - would both write to standard output", "leave out one of them")
    files = Files(
        output,
        format=form,
        bits=run_options.bits,
        jpeg_quality=run_options.jpeg_quality,
        metadata=run_options.metadata,
        preview=preview,
        plot=plot,
        state=resume,
        save_every=save_every,
    )
    named = [name for name in (content, *styles) if not pipes.is_pipe(name)]
    files.check([*named, *pictures_among(options)], overwrite=overwrite)
    source, *paintings = pipes.sources([content, *styles])
    with stylize_progress.display(quiet) as display:
        run = Run(files, display)
        with (
            arguments.opened(ray, workers) as stylizer,
            run.interruption,
        ):  # (Ray installs signal handlers, too)
            try:
                result = run.paint(
                    beginning(stylizer.model_name, stylizer.device, arguments),
                    lambda callback, saved: stylizer.stylize(
                        source, paintings, callback=callback, resume=saved, **options
                    ),
                )
            except (NstError, MemoryError) as error:
                run.rescue(error)
                raise
            files.finish(result, complete=run.complete)
        display.say(run.summary(result))
    if json:
        print(json_format.dumps(run.facts(result)))
    if run.interrupted:
        raise typer.Exit(INTERRUPTED)
