"""Encodes a video as H.264, with the frame times and the sound packets of the source video."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.jobs.video.decode import Film, Packet
from nst_onnx.jobs.video.libraries import av
from nst_onnx.support.atomic_files import probe
from nst_onnx.support.library_errors import system_reason

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""{suffix: libav's name of the container format}."""

_UNSPECIFIED, _RGB, _BT709 = 2, 0, 1


def even(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the nearest (H, W) with even sides, as 4:2:0 chroma subsampling requires."""
    height, width = (max(2, round(side / 2) * 2) for side in shape)
    return height, width


def check_place(output: Path) -> None:
    """Raise OptionError if no video can be written to `output`."""
    if output.is_dir():
        raise OptionError(f"cannot write {output}: it is a folder", "give the name of a file in it")
    if output.suffix.lower() not in CONTAINERS:
        raise OptionError(f"cannot write {output}: unknown suffix", f"use {', '.join(CONTAINERS)}")
    if not output.parent.is_dir():
        raise OptionError(f"cannot write {output}: there is no folder {output.parent}", "make it first")
    try:
        probe(output)
    except OSError as error:
        raise OptionError(f"cannot write {output}: {system_reason(error)}") from error


def check_fit(film: Film, output: Path) -> None:
    """Raise PictureError if the container of this suffix cannot hold the video's streams."""
    with film.sound() as (tracks, _), _writing(output), _container(io.BytesIO(), output) as container:
        _video(container, film, (64, 64), 23)
        for track in tracks:
            container.add_stream_from_template(track)
        container.start_encoding()


def encode(
    film: Film, frames: Iterable[npt.NDArray[np.uint8]], shape: tuple[int, int], path: Path, crf: int
) -> None:
    """Write `frames`, H×W×3 of an even `shape`, to `path` with the film's times; its sound is copied.

    `crf`: libx264's constant rate factor, 0..51; smaller is better and larger. Raises PictureError.
    """
    with film.sound() as (tracks, packets), _writing(path), _container(path, path) as container:
        video = _video(container, film, shape, crf)
        copies = {track.index: container.add_stream_from_template(track) for track in tracks}
        container.start_encoding()
        sound = _SoundCopy(container, copies, packets)
        for packet in _encoded(video, film, frames):
            sound.copy_until(packet.dts * packet.time_base)
            container.mux(packet)
        sound.copy_until(None)


def _video(container: Any, film: Film, shape: tuple[int, int], crf: int) -> Any:
    """Add an H.264 stream to a container.

    Without macroblock-tree rate control: with AVX-512, libx264's reads memory that it has not written, if a
    row has not whole groups of macroblocks, so the same frames are encoded as other bits from run to run. At
    the same size the error of painted frames is the same without it.
    """
    stream = container.add_stream("libx264", rate=film.rate, options={"crf": str(crf), "mbtree": "0"})
    stream.height, stream.width = shape
    stream.pix_fmt = "yuv420p"
    stream.sample_aspect_ratio = film.aspect
    stream.codec_context.time_base = film.time_base
    for name, value in _colours(film).items():
        setattr(stream.codec_context, name, value)
    stream.codec_context.color_range = int(av().video.reformatter.ColorRange.MPEG)
    return stream


def _colours(film: Film) -> dict[str, int]:
    """Return the colour coding of the output: the film's own, BT.709 for RGB."""
    if film.colours["colorspace"] == _RGB:
        return dict.fromkeys(film.colours, _BT709)
    return film.colours


def _encoded(video: Any, film: Film, frames: Iterable[npt.NDArray[np.uint8]]) -> Iterator[Any]:
    """Yield the encoded packets of frames."""
    library = av()
    matrix = _colours(film)["colorspace"]
    ends = (*film.times[1:], film.times[-1] + film.last)
    for pixels, time, end in zip(frames, film.times, ends, strict=True):
        frame = library.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=None if matrix == _UNSPECIFIED else matrix,
            dst_color_range=library.video.reformatter.ColorRange.MPEG,
        )
        frame.pts, frame.time_base, frame.duration = time, film.time_base, end - time
        yield from video.encode(frame)
    yield from video.encode()


class _SoundCopy:
    """Copies sound packets to a container, interleaved with the video packets."""

    def __init__(self, container: Any, copies: dict[int, Any], packets: Iterator[Packet]) -> None:
        self._container, self._copies, self._packets = container, copies, packets
        self._next = next(packets, None)

    def copy_until(self, time: Fraction | None) -> None:
        """Copy the packets up to `time` in seconds, all remaining ones for None."""
        while (packet := self._next) and (time is None or packet.dts * packet.time_base <= time):
            packet.stream = self._copies[packet.stream.index]
            self._container.mux(packet)
            self._next = next(self._packets, None)


def _container(file: Path | io.BytesIO, name: Path) -> Any:
    target = file if isinstance(file, io.BytesIO) else os.fspath(file)
    # Without the times and random identifiers that libav writes: the same film is the same file.
    return av().open(target, "w", format=CONTAINERS[name.suffix.lower()], options={"fflags": "+bitexact"})


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    library = av()
    try:
        yield
    except (library.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "if it is the sound that does not fit, choose a name that ends in .mkv"
        raise PictureError(f"cannot write {path}: {reason}", hint) from error
