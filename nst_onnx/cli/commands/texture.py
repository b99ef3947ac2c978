"""``nst-onnx texture``: paint a texture in the manner of a painting, without a photo."""

from __future__ import annotations

import json as json_format
from typing import Annotated

import typer

from nst_onnx.cli import parameters, pipes
from nst_onnx.cli.arguments import Arguments
from nst_onnx.cli.commands.stylize import Preview, Resume
from nst_onnx.cli.errors import INTERRUPTED, UsageError
from nst_onnx.cli.files import Files
from nst_onnx.cli.painting_run import Run, beginning
from nst_onnx.cli.progress import stylize as stylize_progress
from nst_onnx.errors import NstError
from nst_onnx.painting.options import PICTURE
from nst_onnx.painting.texture_options import OF_A_PHOTO

WITHOUT = (*OF_A_PHOTO, "metadata")

Seamless = Annotated[
    bool,
    typer.Option(
        "--seamless",
        metavar="",
        help="A tile: its left side continues at its right one, its lower at its upper one.",
        rich_help_panel=PICTURE,
    ),
]


def texture(
    styles: parameters.Styles,
    *,
    output: parameters.Output,
    seamless: Seamless = False,
    format: parameters.Format = None,
    overwrite: parameters.Overwrite = True,
    preview: Preview = None,
    resume: Resume = None,
    config: parameters.Config = None,
    json: parameters.Json = False,
    quiet: parameters.Quiet = False,
    **given: object,
) -> None:
    """Paint a texture in the manner of STYLE (several blend), without a photo.

    Ctrl-C saves the best picture so far; pressed again, it stops at once.
    """
    from nst_onnx.api import texture as painted

    arguments = Arguments.of(given, config)
    run_options = arguments.run
    form = pipes.output_format(output, format)
    if form and json:
        raise UsageError("--json and -o - would both write to standard output", "leave out one of them")
    files = Files(
        output,
        format=form,
        bits=run_options.bits,
        jpeg_quality=run_options.jpeg_quality,
        preview=preview,
        state=resume,
    )
    files.check([name for name in styles if not pipes.is_pipe(name)], overwrite=overwrite)
    paintings = pipes.sources(styles)
    with stylize_progress.display(quiet) as display:
        run = Run(files, display)
        network = arguments.network()
        with run.interruption:
            try:
                result = run.paint(
                    beginning(network.extractor.facts.name, network.device, arguments),
                    lambda callback, saved: painted(
                        paintings,
                        seamless=seamless,
                        model=network,
                        callback=callback,
                        resume=saved,
                        **arguments.options,
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
