"""``nst-onnx batch``: paint many pictures; a failed one does not stop the others."""

from __future__ import annotations

import json as json_format
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nst_onnx.cli import parameters
from nst_onnx.cli.arguments import Arguments
from nst_onnx.cli.errors import FAILED, INTERRUPTED, one_line
from nst_onnx.cli.interruption import Interruption
from nst_onnx.cli.progress import batch as batch_progress
from nst_onnx.cli.run_options import OUTPUT
from nst_onnx.errors import NstError
from nst_onnx.painting.options import MODEL

if TYPE_CHECKING:
    from nst_onnx.jobs.batch import Job, Outcome
    from nst_onnx.jobs.batch.executor import Executor
    from nst_onnx.jobs.batch.job import State
    from nst_onnx.jobs.batch.settings import BatchSettings

PICTURES = "Pictures"
SHOWN = 10  # lines of the same kind at the end

Contents = Annotated[
    list[str],
    typer.Argument(
        metavar="CONTENTS",
        help="The pictures to paint: files, folders, and patterns in quotes.",
        show_default=False,
    ),
]
Styles = Annotated[
    list[str],
    typer.Option(
        "--styles",
        metavar="STYLES…",
        help="The paintings, each for pictures of its own: files, folders, and patterns in quotes.",
        show_default=False,
        rich_help_panel=PICTURES,
    ),
]
OutDir = Annotated[
    Path,
    typer.Option(
        "--out-dir",
        "-o",
        metavar="DIR",
        help="The folder to write to; made if it is not there.",
        show_default=False,
        rich_help_panel=PICTURES,
    ),
]
Pairs = Annotated[
    bool,
    typer.Option(
        "--pairs",
        metavar="",
        help="The first content in the first style, the second in the second, …; not all in all.",
        rich_help_panel=PICTURES,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="What the results are called, with {content}, {style} and {number} ({content}-{style}.png). "
        "Its suffix is the format; a / makes folders.",
        rich_help_panel=PICTURES,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        metavar="",
        help="Paint existing outputs again.",
        rich_help_panel=PICTURES,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="How many pictures at a time (one for each GPU, or for every 8 cores).",
        rich_help_panel=MODEL,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        metavar="",
        help="The outcome of every picture on standard output, as JSON.",
        rich_help_panel=OUTPUT,
    ),
]


def batch(
    contents: Contents,
    *,
    styles: Styles,
    out_dir: OutDir,
    pairs: Pairs = False,
    name: Name = None,
    overwrite: Overwrite = False,
    jobs: Jobs = None,
    ray: parameters.Ray = None,
    config: parameters.Config = None,
    json: Json = False,
    quiet: parameters.Quiet = False,
    **given: object,
) -> None:
    """Paint all CONTENTS in the manner of all STYLES.

    What is there already is not painted again; what fails does not stop the others. After Ctrl-C or a kill,
    the same command resumes.
    """
    from nst_onnx.jobs.batch import plan, run

    settings = _settings(Arguments.of(given, config))
    pattern = plan.NAME if name is None else name
    todo = (plan.pairs if pairs else plan.grid)(contents, styles, out_dir, name=pattern)
    run.prepare(todo, settings)
    with (
        run.open_executor(settings, jobs, ray) as executor,
        batch_progress.display(len(todo), quiet) as display,
        _stopping(executor, display),
    ):
        outcomes = _painted(todo, settings, executor, display, overwrite)
        if [outcome.state for outcome in outcomes] != ["failed"]:  # of which the error's line says all
            display.say(summary(outcomes))
    for text in messages(outcomes):
        print(text, file=sys.stderr)
    if json:
        print(json_format.dumps(facts(outcomes)))
    states = {outcome.state for outcome in outcomes}
    if "interrupted" in states or "failed" in states:
        raise typer.Exit(INTERRUPTED if "interrupted" in states else FAILED)


def _settings(arguments: Arguments) -> BatchSettings:
    from nst_onnx.jobs.batch.settings import BatchSettings

    run = arguments.run
    return BatchSettings(
        model=run.model,
        device=run.device,
        threads=run.threads,
        preprocessing=run.preprocessing(),
        options=arguments.options,
        bits=run.bits,
        jpeg_quality=run.jpeg_quality,
        metadata=run.metadata,
    )


@contextmanager
def _stopping(executor: Executor, display: batch_progress.Display) -> Iterator[None]:
    """Make Ctrl-C stop the batch resumably; a second one stops it at once."""

    def stop() -> None:
        executor.stop()
        display.say("stopping; Ctrl-C again stops at once")

    with Interruption(stop) as interruption:
        interruption.holding = True
        yield


def _painted(
    jobs: Sequence[Job],
    settings: BatchSettings,
    executor: Executor,
    display: batch_progress.Display,
    overwrite: bool,
) -> list[Outcome]:
    """Paint, and return the outcomes in the order of the jobs."""
    from nst_onnx.jobs.batch import Outcome, run

    outcomes: dict[int, Outcome] = {}
    with closing(run.run(jobs, settings, executor, overwrite=overwrite)) as events:
        for place, event in events:
            if isinstance(event, Outcome):
                outcomes[place] = event
                display.end(event)
            else:
                display.show(Path(jobs[place].output), event)
    return [outcomes[place] for place in sorted(outcomes)]


_SAID: Mapping[State, str] = {
    "painted": "painted",
    "skipped": "there already",
    "failed": "failed",
    "interrupted": "not finished",
}


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return a line that counts the outcomes."""
    count = Counter(outcome.state for outcome in outcomes)
    parts = [f"{count[state]} {text}" for state, text in _SAID.items() if count[state] or state == "painted"]
    more = "; the same command resumes" if count["interrupted"] else ""
    pictures = "picture" if len(outcomes) == 1 else "pictures"
    return f"{len(outcomes)} {pictures}: {', '.join(parts)}{more}"


def messages(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield lines for warnings and errors; equal ones are merged, and their number is limited."""
    warnings = list(dict.fromkeys(text for outcome in outcomes for text in outcome.warnings))
    yield from (one_line("warning", text) for text in warnings[:SHOWN])
    if len(warnings) > SHOWN:
        yield one_line("warning", f"and {len(warnings) - SHOWN} more like these", "see --json")
    errors: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.error is not None:
            errors.setdefault((str(outcome.error), outcome.error.hint), []).append(outcome)
    for (message, hint), same in errors.items():
        more = f" and {len(same) - 1} more" if len(same) > 1 else ""
        yield one_line("error", f"{same[0].job.output}{more}: {message}", hint)


def facts(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Return the outcomes' data for `--json`."""
    count = Counter(outcome.state for outcome in outcomes)
    return {
        **{state: count[state] for state in _SAID},
        "pictures": [_facts(outcome) for outcome in outcomes],
    }


def _facts(outcome: Outcome) -> dict[str, object]:
    error: NstError | None = outcome.error
    height, width = outcome.shape or (None, None)
    return {
        "content": str(outcome.job.content),
        "style": str(outcome.job.style),
        "output": str(outcome.job.output),
        "state": outcome.state,
        "error": None if error is None else str(error),
        "hint": None if error is None else error.hint,
        "warnings": list(outcome.warnings),
        "width": width,
        "height": height,
        "seconds": outcome.seconds,
        "losses": outcome.losses,
    }
