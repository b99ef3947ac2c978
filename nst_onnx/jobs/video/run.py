"""A video from beginning to end: read, painted frame by frame, written."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Unpack

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.jobs.video import encode, libraries
from nst_onnx.jobs.video.decode import Film, content
from nst_onnx.jobs.video.frame_painter import Painter
from nst_onnx.jobs.video.frame_store import Kept
from nst_onnx.jobs.video.optical_flow import LEAST, between
from nst_onnx.jobs.video.options import VideoOptions, VideoOptionValues
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import presets
from nst_onnx.painting.inputs import check_style_weights, final_shape, style_list
from nst_onnx.painting.network_choice import NetworkChoice
from nst_onnx.painting.painting import Painting
from nst_onnx.painting.quality import within_budget
from nst_onnx.picture import Picture, Source, read
from nst_onnx.picture.colour import transfer_luminance
from nst_onnx.support.atomic_files import put


@dataclass(frozen=True)
class FrameStep:
    """Where a video is, after one evaluation, or with a frame that was done in an earlier run.

    `frame` of `frames`, counted from 0. `iteration` of at most `iterations` evaluations for this frame; both
    are 0 where it was done before. `losses` as in `nst_onnx.Step`, and "temporal". `seconds`: so far.
    Where a cluster paints, frames are counted in the order in which they are done, and told of only then.
    """

    frame: int
    frames: int
    iteration: int
    iterations: int
    losses: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class VideoResult:
    """What came of a video.

    `scenes`: the numbers of the frames, counted from 0, that scenes begin with. `painted`: how many frames
    were painted in this run; the others were done before. `shape`: (H, W).
    """

    output: Path
    frames: int
    painted: int
    scenes: tuple[int, ...]
    shape: tuple[int, int]
    seconds: float


def stylize_video(
    film: str | os.PathLike[str],
    style: Source | Sequence[Source],
    output: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | Network = "auto",
    device: str | None = None,
    callback: Callable[[FrameStep], None] | None = None,
    ray: str | None = None,
    workers: int | None = None,
    **options: Unpack[VideoOptionValues],
) -> VideoResult:
    """Paint a film in the manner of `style` (one picture, or several blended), and write it to `output`.

    Each frame starts from the one before, moved along the optical flow, and is held to it where the flow can
    be trusted; after a cut it starts afresh. Sound, times of the frames, their number and the shape of pixels
    are the film's own. `output` (.mp4, .m4v, .mov or .mkv) appears whole or not at all. Frames that are
    done are kept in the folder OUTPUT.nst-onnx until it stands; a call with the same arguments goes on
    from there. `callback(step)` is called after every evaluation; its answer is not looked at. `ray`: the
    cluster whose workers paint a scene each at a time (see `nst_onnx.jobs.ray.connect`); `workers`: how
    many, None for as many as suit it. `options` are the fields of
    `nst_onnx.jobs.video.VideoOptions`: those of a picture, temporal_weight, frame_steps, crf.
    Raises subclasses of NstError.

    >>> nst_onnx.stylize_video("holiday.mp4", "painting.jpg", "painted.mp4", size=640)
    """
    begun = time.monotonic()
    libraries.check()
    if workers is not None and ray is None:
        raise OptionError("workers are those of a cluster", 'say which: --ray, or ray="auto"')
    for what, name in {"a film": film, "the output": output}.items():
        if not isinstance(name, str | os.PathLike):
            raise OptionError(f"{what} is named by its path, not by {name!r}")
    checked = VideoOptions.of(options)
    sources = style_list(style)
    check_style_weights(checked.style_weights, len(sources))
    styles = [read(source, what="style picture") for source in sources]
    path = Path(output)
    encode.check_place(path)
    if path.resolve() == Path(film).resolve():
        raise OptionError(f"{path} is the film, and is not written over", "choose another name")
    source = Film.open(film)
    encode.check_fit(source, path)
    if not isinstance(model, Network):
        model = NetworkChoice(model, device).open(presets.find(checked.preset))
    first = Picture(content(next(source.frames()), source.shape), None, source.path.name, 8)
    chosen = sized(within_budget(checked, first.shape, model.device.kind), first)
    shape = final_shape(first.shape, chosen.size or 0)
    if max(shape) < LEAST:
        raise PictureError(f"{source.path.name} is too small to be painted", "choose a larger size")
    kept = Kept(path)
    painting = Painting(model, first, styles, chosen)
    kept.open(_fingerprint(painting, source, chosen))
    run = _Run(source, shape, kept, callback, begun)
    try:
        if ray is None:
            run.paint(Painter(model, styles, chosen))
        else:
            run.paint_there(
                ray, workers, model, styles, replace(chosen, init=painting.plan.initial.given or chosen.init)
            )
        pictures = _shown(source, shape, kept, luminance=chosen.preserve_colour == "luminance")
        encode.encode(source, pictures, shape, kept.unfinished, chosen.crf)
        put(kept.unfinished, path)
    except BaseException:
        kept.remove_if_empty()
        raise
    kept.remove()
    return VideoResult(
        path, len(source.times), run.painted, tuple(run.scenes), shape, time.monotonic() - begun
    )


def sized(options: VideoOptions, content: Picture) -> VideoOptions:
    """Return the options with the size of the frames, (width, height), both even.

    Where none is given the frames are not made larger than they are. Raises OptionError for odd sides.
    """
    size = options.size
    if isinstance(size, tuple | list):
        if size[0] % 2 or size[1] % 2:
            raise OptionError(f"the sides of a video must be even, not {size[0]}×{size[1]}", "change by 1")
        return options
    usual = presets.find(options.preset).size
    longest = usual if isinstance(usual, int) else max(usual)
    height, width = encode.even(final_shape(content.shape, size or min(longest, max(content.shape))))
    return replace(options, size=(width, height))


class _Run:
    """The painting of all frames that are not yet done."""

    def __init__(
        self,
        film: Film,
        shape: tuple[int, int],
        kept: Kept,
        callback: Callable[[FrameStep], None] | None,
        begun: float,
    ) -> None:
        self._film, self._shape, self._kept = film, shape, kept
        self._callback, self._begun = callback, begun
        self.painted = 0
        self.scenes: list[int] = []
        self._done = 0

    def paint(self, painter: Painter) -> None:
        """Paint them, and keep each."""
        for number, pixels in enumerate(self._film.frames()):
            frame = content(pixels, self._shape)
            done = self._kept.load(number)
            if done is None:
                done = painter.paint(frame, partial(self._tell, number))
                self._kept.save(number, done)
                self.painted += 1
            else:
                painter.follow(frame, done)
                self._tell(number, 0, 0, {})
            if done.opens:
                self.scenes.append(number)

    def paint_there(
        self,
        address: str,
        workers: int | None,
        network: Network,
        styles: list[Picture],
        options: VideoOptions,
    ) -> None:
        """Let the workers of a cluster paint them, and keep each. Raises ClusterError."""
        from nst_onnx.jobs.ray.connect import connect

        with connect(address) as ray:
            from nst_onnx.jobs.video.ray_scenes import Commission, Scenes

            film, data = self._film, self._film.path.read_bytes()
            commission = Commission(
                film, data, self._shape, network.extractor, network.device, network.threads, styles, options
            )
            crew = Scenes(ray, commission, self._kept.data, workers)
            with closing(crew.paint(self._unfinished())) as frames:
                for number, frame, evaluations, losses in frames:
                    self._kept.put(number, frame)
                    self.painted += 1
                    self._tell(self._done, evaluations, evaluations, losses)
                    self._done += 1

    def _unfinished(self) -> Iterator[range]:
        """Yield scenes, each up to the last of its frames that is not yet done, if there is any."""
        before, missing = None, None
        for number, pixels in enumerate(self._film.frames()):
            frame = content(pixels, self._shape)
            done = self._kept.load(number)
            if done.opens if done else before is None or between(before, frame).cut:
                if missing is not None:
                    yield range(self.scenes[-1], missing + 1)
                self.scenes.append(number)
                missing = None
            if done is None:
                missing = number
            else:
                self._tell(self._done, 0, 0, {})
                self._done += 1
            before = frame
        if missing is not None:
            yield range(self.scenes[-1], missing + 1)

    def _tell(self, number: int, iteration: int, iterations: int, losses: Mapping[str, float]) -> None:
        if self._callback is not None:
            frames, seconds = len(self._film.times), time.monotonic() - self._begun
            self._callback(FrameStep(number, frames, iteration, iterations, dict(losses), seconds))


def _shown(
    film: Film, shape: tuple[int, int], kept: Kept, *, luminance: bool
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield all frames as they are to be seen: with `luminance`, in the film's own colours."""
    for number, pixels in enumerate(film.frames()):
        done = kept.load(number)
        assert done is not None
        picture = transfer_luminance(done.picture, content(pixels, shape)) if luminance else done.picture
        yield np.rint(picture * 255).astype(np.uint8)


def _fingerprint(first: Painting, film: Film, options: VideoOptions) -> str:
    """Return a digest of all that the frames depend on."""
    with film.path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    parts = (first.fingerprint(), content, options.frame_steps, options.temporal_weight)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
