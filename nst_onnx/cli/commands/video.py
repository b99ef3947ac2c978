"""``nst-onnx video``: paint a film frame by frame, without flicker."""

from __future__ import annotations

import json as json_format
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict, Unpack, cast

import typer

from nst_onnx.cli import parameters
from nst_onnx.cli.arguments import Arguments
from nst_onnx.cli.errors import INTERRUPTED
from nst_onnx.cli.interruption import Interruption
from nst_onnx.cli.output_checks import check_apart, check_new
from nst_onnx.cli.progress import stylize as stylize_progress
from nst_onnx.cli.progress import video as video_progress
from nst_onnx.cli.run_options import OUTPUT
from nst_onnx.jobs.video.options import VideoOptions, VideoOptionValues
from nst_onnx.painting.options import MODEL

if TYPE_CHECKING:
    from nst_onnx.jobs.video import FrameStep, VideoResult

Film = Annotated[str, typer.Argument(metavar="FILM", help="The film to paint.", show_default=False)]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="How many workers of the cluster paint a scene each (one for each GPU, or for every 8 cores).",
        rich_help_panel=MODEL,
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The film to write: .mp4, .m4v, .mov or .mkv.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]


def video(
    film: Film,
    styles: parameters.PerhapsStyles = None,
    *,
    output: Output,
    style: parameters.NamedStyles = None,
    overwrite: parameters.Overwrite = True,
    ray: parameters.Ray = None,
    workers: Workers = None,
    config: parameters.Config = None,
    json: parameters.Json = False,
    quiet: parameters.Quiet = False,
    **given: object,
) -> None:
    """Paint FILM in the manner of STYLE (several blend), or of a learned style, `--style NAME`.

    Sound, times and number of frames are kept. Finished frames are kept in OUT.nst-onnx until the film is
    complete: the same command resumes.
    """
    arguments = Arguments.of(given, config, VideoOptions)
    styles = parameters.all_styles(styles, style, perhaps_none=bool(arguments.options.get("regions")))
    check_apart([output], [film, *styles])
    if not overwrite:
        check_new([output])
    with video_progress.display(quiet) as display:
        run = Run(display)
        with _joined(ray), run.interruption:  # (Ray installs signal handlers, too)
            try:
                result = run.paint(film, styles, output, arguments, ray=ray, workers=workers)
            except KeyboardInterrupt:
                display.say(run.interrupted())
                raise typer.Exit(INTERRUPTED) from None
        display.say(summary(result))
    if json:
        print(json_format.dumps(facts(result)))


def _joined(ray: str | None) -> AbstractContextManager[object]:
    """Return a context that is connected to a cluster, if `ray` names one. Entering raises ClusterError."""
    if ray is None:
        return nullcontext()
    from nst_onnx.jobs.ray.connect import connect

    return connect(ray)


class _Cluster(TypedDict):
    ray: str | None
    workers: int | None


class Run:
    """A run of `video`: can be interrupted at any time, because finished frames are kept."""

    def __init__(self, display: video_progress.Display) -> None:
        self._display = display
        self._last: FrameStep | None = None
        self.interruption = Interruption(lambda: None)

    def paint(
        self, film: str, styles: list[str], output: Path, arguments: Arguments, **cluster: Unpack[_Cluster]
    ) -> VideoResult:
        """Return the result. `cluster`: `ray` and `workers` of `stylize_video`.

        Raises NstError, and KeyboardInterrupt.
        """
        from nst_onnx.jobs.video import stylize_video

        network = arguments.stylizer().network
        self._display.say(f"model {network.extractor.facts.name} on {network.device}")
        options = cast(VideoOptionValues, arguments.options)
        return stylize_video(film, styles, output, model=network, callback=self._after, **cluster, **options)

    def interrupted(self) -> str:
        """Return a line about what an interrupted run keeps."""
        if self._last is None or not self._last.frame:
            return "interrupted"
        done = f"{self._last.frame} of {self._last.frames} frames are kept"
        return f"interrupted; {done}, the same command resumes"

    def _after(self, step: FrameStep) -> None:
        self._last = step
        self._display.show(step)


def summary(result: VideoResult) -> str:
    """Return a line about the result."""
    height, width = result.shape
    cuts = len(result.scenes) - 1
    parts = [f"{result.frames} frames", *([f"{cuts} cut{'s' * (cuts > 1)}"] if cuts else [])]
    took = stylize_progress.duration(result.seconds)
    return f"wrote {result.output}  {width}×{height}  {', '.join(parts)}  {took}"


def facts(result: VideoResult) -> dict[str, object]:
    """Return the result's data for `--json`."""
    known = asdict(result)
    height, width = known.pop("shape")
    return known | {"output": str(result.output), "width": width, "height": height}
