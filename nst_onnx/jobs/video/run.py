"""Stylizes a video from end to end: decodes it, paints and stores its frames, and encodes the result."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Unpack

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.feedforward.learned_style import LearnedStyle
from nst_onnx.jobs.video import encode, libraries
from nst_onnx.jobs.video.decode import Film, prepare_frame
from nst_onnx.jobs.video.frame_masks import FrameMasks
from nst_onnx.jobs.video.frame_painter import FramePainter
from nst_onnx.jobs.video.frame_store import FrameStore
from nst_onnx.jobs.video.optical_flow import MIN_SIDE, backward_flow
from nst_onnx.jobs.video.options import VideoOptions, VideoOptionValues
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import one_pass, presets
from nst_onnx.painting.inputs import final_shape
from nst_onnx.painting.network_choice import NetworkChoice, Networks
from nst_onnx.painting.one_pass import OnePass
from nst_onnx.painting.painting import Painting
from nst_onnx.painting.quality import within_budget
from nst_onnx.painting.regions.portable import embedded
from nst_onnx.painting.style_pictures import Style, read_styles_and_learned
from nst_onnx.picture import Picture
from nst_onnx.picture.colour import transfer_luminance
from nst_onnx.support.arguments import path_of, shown
from nst_onnx.support.arrays import Array
from nst_onnx.support.atomic_files import put


@dataclass(frozen=True, kw_only=True)
class FrameStep:
    """Progress of a video after one evaluation, or at a frame that an earlier run has painted.

    `frame` of `frames`, counted from 0. `iteration` of at most `iterations` evaluations for this frame; both
    are 0 if it was painted before. `losses` as in `nst_onnx.Step`, and "temporal". `seconds`: so far.
    In a cluster, frames are counted in the order of their completion, and reported only then.
    """

    frame: int
    frames: int
    iteration: int
    iterations: int
    losses: dict[str, float]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class VideoResult:
    """The result of a video.

    `scenes`: the first frame of each scene, counted from 0. `painted`: the frames painted in this run; the
    others were painted before. `shape`: (H, W).
    """

    output: Path
    frames: int
    painted: int
    scenes: tuple[int, ...]
    shape: tuple[int, int]
    seconds: float


def stylize_video(
    film: str | os.PathLike[str],
    style: Style | Iterable[Style],
    output: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | Network = "auto",
    device: str | None = None,
    callback: Callable[[FrameStep], None] | None = None,
    ray: str | None = None,
    workers: int | None = None,
    **options: Unpack[VideoOptionValues],
) -> VideoResult:
    """Stylize a video with `style` (one picture, or several blended), and write it to `output`.

    Each frame starts from the previous one, warped along the optical flow, with a temporal loss where the
    flow is reliable; after a cut, painting starts anew. In one pass (quality instant or fitted, or a learned
    style) each frame is moved towards the warped previous one instead. Sound, frame times, frame count and
    pixel aspect ratio are the film's own. `output` (.mp4, .m4v, .mov or .mkv) is written atomically. Painted
    frames are stored in the folder OUTPUT.nst-onnx until the video is complete; a call with the same
    arguments resumes from them. `callback(step)` is called after every evaluation; its result is ignored.
    `ray`: the cluster whose workers paint a scene each at a time (see `nst_onnx.jobs.ray.connect`);
    `workers`: their number, None to derive it. `options` are the fields of
    `nst_onnx.jobs.video.VideoOptions`: those of a picture, temporal_weight, frame_steps, crf. Raises
    subclasses of NstError.

    >>> nst_onnx.stylize_video("holiday.mp4", "painting.jpg", "painted.mp4", size=640)
    """
    started = time.monotonic()
    libraries.check()
    if workers is not None and ray is None:
        raise OptionError("workers are those of a cluster", 'say which: --ray, or ray="auto"')
    if callback is not None and not callable(callback):
        raise OptionError(f"callback must be a function, not {shown(callback)}")
    source_path, path = path_of(film, "the film"), path_of(output, "the output")
    checked = VideoOptions.of(options)
    styles = read_styles_and_learned(style, checked, perhaps_none=bool(checked.regions))
    encode.check_place(path)
    if path.resolve() == source_path.resolve():
        raise OptionError(f"{path} is the film, and is not written over", "choose another name")
    source = Film.open(film)
    encode.check_fit(source, path)
    if not isinstance(model, Network):
        model = NetworkChoice(model, device).open(presets.find(checked.preset))
    first = Picture(prepare_frame(next(source.frames()), source.shape), None, source.path.name, 8)
    if one_pass.wanted(checked, styles):
        checked = replace(checked, quality=checked.quality or "instant")
    chosen = sized(within_budget(checked, first.shape, model.device.kind, film=True), first)
    shape = final_shape(first.shape, chosen.size or 0)
    if max(shape) < MIN_SIDE:
        raise PictureError(f"{source.path.name} is too small to be painted", "choose a larger size")
    store = FrameStore(path)
    masks = FrameMasks.of(chosen, len(source.times))
    if masks.every and ray is not None:
        raise OptionError(
            "a cluster does not take a mask for each frame", "give one picture, which follows the motion"
        )
    painting = _run_of_a_frame(model, first, styles, masks.of_a_painted_frame())
    chosen = replace(chosen, style_scale=painting.plan.options.style_scale)  # the same for all frames
    masks = replace(masks, options=chosen)
    store.open(_fingerprint(painting, source, masks))
    run = _VideoRun(film=source, shape=shape, store=store, callback=callback, started=started)
    try:
        with_init = replace(chosen, init=painting.plan.initial.given or chosen.init)  # a file is read once
        if ray is None:
            run.paint(FramePainter(model, styles, replace(masks, options=with_init)))
        else:
            run.paint_in_cluster(ray, workers, model, styles, embedded(with_init))
        frames = _output_frames(source, shape, store, luminance=chosen.preserve_colour == "luminance")
        encode.encode(source, frames, shape, store.unfinished, chosen.crf)
        put(store.unfinished, path)
    except BaseException:
        store.remove_if_empty()
        raise
    store.remove()
    return VideoResult(
        output=path,
        frames=len(source.times),
        painted=run.painted,
        scenes=tuple(run.scenes),
        shape=shape,
        seconds=time.monotonic() - started,
    )


def sized(options: VideoOptions, content: Picture) -> VideoOptions:
    """Return the options with the size of the frames, (width, height), both even.

    Without a given size, frames are not enlarged. Raises OptionError for odd sides.
    """
    size = options.size
    if isinstance(size, tuple | list):
        if size[0] % 2 or size[1] % 2:
            raise OptionError(f"the sides of a video must be even, not {size[0]}×{size[1]}", "change by 1")
        return options
    default = presets.find(options.preset).size
    longest = default if isinstance(default, int) else max(default)
    longest = min(longest, max(content.shape))
    height, width = encode.even(final_shape(content.shape, size or longest))
    return replace(options, size=(width, height))


def _run_of_a_frame(
    network: Network, frame: Picture, styles: list[Picture | LearnedStyle], options: VideoOptions
) -> Painting | OnePass:
    if one_pass.wanted(options, styles):
        return OnePass(*Networks.of(network).feedforward(network), network, frame, styles, options)
    paintings = [style for style in styles if isinstance(style, Picture)]
    return Painting(network, frame, paintings, options, fine=False)


@dataclass(eq=False, kw_only=True)
class _VideoRun:
    """Paints and stores all frames that are not in the store. `started`: of the clock `time.monotonic`.

    `painted`, `done`: frames painted in this run, and frames reported. `scenes`: their first frames.
    """

    film: Film
    shape: tuple[int, int]
    store: FrameStore
    callback: Callable[[FrameStep], None] | None
    started: float
    painted: int = 0
    done: int = 0
    scenes: list[int] = field(default_factory=list)

    def paint(self, painter: FramePainter) -> None:
        """Paint the frames in this process."""
        for number, frame in self._frames():
            painted = self.store.load(number)
            if painted is None:
                painted = painter.paint(frame, partial(self._report, number))
                self.store.save(number, painted)
                self.painted += 1
            else:
                painter.skip(frame, painted)
                self._report(number, 0, 0, {})
            if painted.starts_scene:
                self.scenes.append(number)

    def paint_in_cluster(
        self,
        address: str,
        workers: int | None,
        network: Network,
        styles: list[Picture | LearnedStyle],
        options: VideoOptions,
    ) -> None:
        """Paint the frames by the workers of a Ray cluster. Raises ClusterError."""
        from nst_onnx.jobs.ray.connect import connect

        with connect(address) as ray:
            from nst_onnx.jobs.video.ray_scenes import ScenePool, VideoPayload

            payload = VideoPayload(
                film=self.film,
                data=self.film.path.read_bytes(),
                shape=self.shape,
                extractor=network.extractor,
                device=network.device,
                threads=network.threads,
                styles=styles,
                options=options,
            )
            pool = ScenePool(ray, payload, self.store.load_bytes, workers)
            with closing(pool.paint(self._unfinished_scenes())) as frames:
                for number, (data, evaluations, losses) in frames:
                    self.store.save_bytes(number, data)
                    self.painted += 1
                    self._report_next(evaluations, losses)

    def _frames(self) -> Iterator[tuple[int, Array]]:
        for number, pixels in enumerate(self.film.frames()):
            yield number, prepare_frame(pixels, self.shape)

    def _unfinished_scenes(self) -> Iterator[range]:
        """Yield each scene that has frames to paint, up to the last one of these."""
        previous: Array | None = None
        last_missing: int | None = None
        for number, frame in self._frames():
            painted = self.store.load(number)
            if painted is not None:
                starts_scene = painted.starts_scene
            else:
                starts_scene = previous is None or backward_flow(previous, frame).cut
            if starts_scene:
                if last_missing is not None:
                    yield range(self.scenes[-1], last_missing + 1)
                self.scenes.append(number)
                last_missing = None
            if painted is None:
                last_missing = number
            else:
                self._report_next(0, {})
            previous = frame
        if last_missing is not None:
            yield range(self.scenes[-1], last_missing + 1)

    def _report_next(self, evaluations: int, losses: Mapping[str, float]) -> None:
        """Report a finished frame, counted in the order of completion."""
        self._report(self.done, evaluations, evaluations, losses)
        self.done += 1

    def _report(self, number: int, iteration: int, iterations: int, losses: Mapping[str, float]) -> None:
        if self.callback is not None:
            self.callback(
                FrameStep(
                    frame=number,
                    frames=len(self.film.times),
                    iteration=iteration,
                    iterations=iterations,
                    losses=dict(losses),
                    seconds=time.monotonic() - self.started,
                )
            )


def _output_frames(
    film: Film, shape: tuple[int, int], store: FrameStore, *, luminance: bool
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield all frames as they are encoded; with `luminance`, in the film's own colours."""
    for number, pixels in enumerate(film.frames()):
        painted = store.load(number)
        assert painted is not None
        picture = painted.picture
        if luminance:
            picture = transfer_luminance(picture, prepare_frame(pixels, shape))
        yield np.rint(picture * 255).astype(np.uint8)


def _fingerprint(first: Painting | OnePass, film: Film, masks: FrameMasks) -> str:
    """Return a digest of all inputs that the frames depend on."""
    with film.path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    options = masks.options
    parts = (first.fingerprint(), content, options.frame_steps, options.temporal_weight, masks.digest())
    return hashlib.sha256(repr(parts).encode()).hexdigest()
