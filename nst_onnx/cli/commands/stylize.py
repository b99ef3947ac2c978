"""``nst-onnx stylize``: paint one picture."""

from __future__ import annotations

import json as json_format
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nst_onnx.cli import parameters, pipes
from nst_onnx.cli.arguments import Arguments, pictures_among
from nst_onnx.cli.errors import INTERRUPTED, UsageError
from nst_onnx.cli.files import Files
from nst_onnx.cli.interruption import Interruption
from nst_onnx.cli.progress import stylize as stylize_progress
from nst_onnx.cli.run_options import OUTPUT
from nst_onnx.errors import NstError
from nst_onnx.painting.options import MODEL

if TYPE_CHECKING:
    from nst_onnx.painting.result import Result
    from nst_onnx.painting.step import Step
    from nst_onnx.painting.stylizer import Stylizer

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
                result = run.paint(stylizer, source, paintings, arguments)
            except (NstError, MemoryError) as error:
                run.rescue(error)
                raise
            files.finish(result, complete=run.complete)
        display.say(run.summary(result))
    if json:
        print(json_format.dumps(run.facts(result)))
    if run.interrupted:
        raise typer.Exit(INTERRUPTED)


@dataclass
class Run:
    """A run of `stylize`: displays, saves and can stop after every step."""

    files: Files
    display: stylize_progress.Display
    last: Step | None = None

    def __post_init__(self) -> None:
        """Prepare the handler of Ctrl-C."""
        self._heading = ""
        self.interruption = Interruption(self._announce_stop)

    def paint(
        self, stylizer: Stylizer, content: str | bytes, styles: list[str | bytes], arguments: Arguments
    ) -> Result:
        """Return the finished picture, or the best one so far if interrupted."""
        saved = self.files.load_state()
        beginning = self._beginning(stylizer, arguments)
        self._heading = beginning + (f", resuming from {self.files.state}" if saved else "")
        result = stylizer.stylize(content, styles, callback=self._after, resume=saved, **arguments.options)
        if self.last is not None and not self.complete and not self.interrupted:
            self.files.save_state(self.last)  # the time is up (after Ctrl-C it is saved already)
        return result

    def rescue(self, error: NstError | MemoryError) -> None:
        """Save the best picture of a run that failed after its first step; raise NstError that says so."""
        if self.last is None:
            return
        traceback.clear_frames(error.__traceback__)  # free what failed: saving needs memory, too
        message = str(error) if isinstance(error, NstError) else "there is not enough memory"
        try:
            self.files.finish(self.last.result(), complete=False)
            saved = f"the best so far, after {self.last.iteration} steps, is in {self.files.output}"
        except Exception:  # the first error is the one to report
            saved = "nor could the best so far be saved"
        hint = getattr(error, "hint", "choose a smaller --size")
        raise NstError(f"{message}; {saved}{self._resume_hint()}", hint) from error

    @property
    def complete(self) -> bool:
        """True if all iterations were made, or none was left to make."""
        step = self.last
        return step is None or step.iteration >= step.iterations

    @property
    def interrupted(self) -> bool:
        """True if Ctrl-C ended the run early."""
        return self.interruption.asked and not self.complete

    def summary(self, result: Result) -> str:
        """Return a line about the result."""
        height, width = result.array.shape[:2]
        seconds = result.history[-1]["seconds"] if result.history else 0.0
        output = "standard output" if self.files.format else self.files.output
        done = f"{output}  {width}×{height}  {stylize_progress.duration(seconds)}"
        if self.interrupted:
            return f"interrupted; the best so far is in {done}{self._resume_hint()}"
        return f"wrote {done}" + ("" if self.complete else self._resume_hint())

    def facts(self, result: Result) -> dict[str, object]:
        """Return the result's data for `--json`."""
        last = result.history[-1] if result.history else {}
        return {
            "output": str(self.files.output),
            "width": result.array.shape[1],
            "height": result.array.shape[0],
            "complete": self.complete,
            "interrupted": self.interrupted,
            "iterations": last.get("iteration", 0),
            "seconds": last.get("seconds", 0.0),
            "losses": result.losses,
            "settings": result.settings,
            "history": result.history,
        }

    def _after(self, step: Step) -> bool:
        if self.last is None:
            self.display.say(self._heading)
        self.last = step
        self.interruption.holding = True
        self.display.show(step)
        self.files.follow(step)
        if self.interruption.asked:
            self.files.save_state(step)
        return not self.interruption.asked

    def _beginning(self, stylizer: Stylizer, arguments: Arguments) -> str:
        from nst_onnx.models import catalogue

        by_default = stylizer.model_name == catalogue.SHIPPED and arguments.run.model == "auto"
        better = " (finer: nst-onnx models fetch vgg19)" if by_default and not catalogue.trained() else ""
        return f"model {stylizer.model_name}{better} on {stylizer.device}"

    def _resume_hint(self) -> str:
        state = self.files.state
        return f"; give --resume {state} again to resume" if state and state.exists() else ""

    def _announce_stop(self) -> None:
        with suppress(OSError):
            self.display.say("stopping after this step; Ctrl-C again stops at once, and saves nothing")
