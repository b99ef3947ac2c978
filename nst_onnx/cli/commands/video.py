"""``nst-onnx video``: paint a film frame by frame, without flicker."""

from __future__ import annotations

import json as json_format
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nst_onnx.cli import options, shared_options
from nst_onnx.cli.arguments import Choice
from nst_onnx.cli.errors import INTERRUPTED
from nst_onnx.cli.interruption import Interruption
from nst_onnx.cli.output_checks import check_apart, check_new
from nst_onnx.cli.progress import stylize as stylize_progress
from nst_onnx.cli.progress import video as video_progress

if TYPE_CHECKING:
    from nst_onnx.jobs.video import FrameStep, VideoResult

FRAMES = "Frames"

Film = Annotated[str, typer.Argument(metavar="FILM", help="The film to paint.", show_default=False)]
Size = Annotated[
    str | None,
    typer.Option(
        metavar="N|WxH",
        help="Longest side in pixels, or exactly 400x300 (the film's, at most 512, or the preset's).",
        rich_help_panel=options.PICTURE,
    ),
]
TemporalWeight = Annotated[
    float | None,
    typer.Option(
        metavar="W",
        help="How much a frame is held to the one before, moved along; 0: not at all (1).",
        rich_help_panel=FRAMES,
    ),
]
FrameSteps = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Evaluations for each frame that follows from another; --steps are for the others (20).",
        rich_help_panel=FRAMES,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="How many workers of the cluster paint a scene each (one for each GPU, or for every 8 cores).",
        rich_help_panel=options.MODEL,
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
        rich_help_panel=options.OUTPUT,
    ),
]
Crf = Annotated[
    int | None,
    typer.Option(
        metavar="0..51",
        help="libx264's rate factor: smaller is better, and larger (18).",
        rich_help_panel=options.OUTPUT,
    ),
]


@shared_options.with_its_controls(before="temporal_weight", without=("bits", "jpeg_quality", "max_seconds"))
def video(
    film: Film,
    styles: options.Styles,
    *,
    size: Size = None,
    temporal_weight: TemporalWeight = None,
    frame_steps: FrameSteps = None,
    output: Output,
    overwrite: options.Overwrite = True,
    crf: Crf = None,
    ray: options.Ray = None,
    workers: Workers = None,
    config: options.Config = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    **given: Any,
) -> None:
    """Paint FILM in the manner of STYLE (several blend). Sound, times and number of frames are kept.

    Frames that are done are kept in OUT.nst-onnx until the film stands: the same command goes on.
    """
    own = {"size": size, "temporal_weight": temporal_weight, "frame_steps": frame_steps, "crf": crf}
    choice = Choice.of(given | own, config)
    check_apart([output], [film, *styles])
    if not overwrite:
        check_new([output])
    with video_progress.display(quiet) as display:
        run = Run(display)
        with _joined(ray), run.interruption:  # (Ray listens to signals, too)
            try:
                result = run.paint(film, styles, output, choice, ray=ray, workers=workers)
            except KeyboardInterrupt:
                display.say(run.told())
                raise typer.Exit(INTERRUPTED) from None
        display.say(summary(result))
    if json:
        print(json_format.dumps(facts(result)))


def _joined(ray: str | None) -> AbstractContextManager[Any]:
    """Return what joins a cluster meanwhile, if there is to be one. Entering it raises ClusterError."""
    if ray is None:
        return nullcontext()
    from nst_onnx.jobs.ray.connect import connect

    return connect(ray)


class Run:
    """A film on its way: shown, and interruptible at once, since every frame that is done is kept."""

    def __init__(self, display: video_progress.Display) -> None:
        self._display = display
        self._last: FrameStep | None = None
        self.interruption = Interruption(lambda: None)

    def paint(
        self, film: str, styles: list[str], output: Path, choice: Choice, **cluster: Any
    ) -> VideoResult:
        """Return what came of it. `cluster`: who paints, as `stylize_video` takes it.

        Raises NstError, and KeyboardInterrupt.
        """
        from nst_onnx.jobs.video import VideoOptions, stylize_video

        own = {field.name for field in fields(VideoOptions)} & choice.others.keys()
        options = choice.options | {name: choice.others[name] for name in own}
        VideoOptions.of(options)
        network = choice.stylizer().network
        self._display.say(f"model {network.extractor.facts.name} on {network.device}")
        return stylize_video(film, styles, output, model=network, callback=self._after, **cluster, **options)

    def told(self) -> str:
        """Return a line that says what an interrupted run leaves."""
        if self._last is None or not self._last.frame:
            return "interrupted"
        done = f"{self._last.frame} of {self._last.frames} frames are kept"
        return f"interrupted; {done}, the same command goes on"

    def _after(self, step: FrameStep) -> None:
        self._last = step
        self._display.show(step)


def summary(result: VideoResult) -> str:
    """Return a line that says what came of it."""
    height, width = result.shape
    cuts = len(result.scenes) - 1
    parts = [f"{result.frames} frames", *([f"{cuts} cut{'s' * (cuts > 1)}"] if cuts else [])]
    took = stylize_progress.duration(result.seconds)
    return f"wrote {result.output}  {width}×{height}  {', '.join(parts)}  {took}"


def facts(result: VideoResult) -> dict[str, Any]:
    """Return what came of it, for programs."""
    known = asdict(result)
    height, width = known.pop("shape")
    return known | {"output": str(result.output), "width": width, "height": height}
