"""A video that is read: its frames upright, when each is shown, and its sound."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import PictureError
from nst_onnx.jobs.video.libraries import av
from nst_onnx.picture import PictureWarning, read, resize
from nst_onnx.support.library_errors import system_reason

_COLOURS = ("colorspace", "color_primaries", "color_trc")
_MICRO = Fraction(1, 1_000_000)  # in which containers count
_LATE, _LATE_SHARE = Fraction(1, 2), Fraction(1, 50)  # seconds, and of all: by how much accounts are off


@dataclass(frozen=True)
class Film:
    """A video file that has been decoded once from end to end.

    `shape`: (H, W) of its frames as they are shown, upright. `turns`: quarter turns, anticlockwise, that make
    them so. `aspect`: width to height of a pixel, as shown. `times`: when each frame is shown, in units
    of `time_base` seconds, increasing, `last` the duration of the last. `rate`: frames a second on average.
    `colours`: how its colours are coded, as `colorspace`, `color_primaries`, `color_trc` of PyAV.
    """

    path: Path
    shape: tuple[int, int]
    turns: int
    aspect: Fraction
    time_base: Fraction
    times: tuple[int, ...]
    last: int
    rate: Fraction
    colours: dict[str, int]

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Film:
        """Read a video through.

        Raises PictureError where there is none, or where it is damaged. Warns (PictureWarning) of one that
        ends before its time.
        """
        with _reading(path), _opened(path) as container:
            stream = _stream(container)
            offset = start(container)
            first = frame = None
            times = []
            for frame in container.decode(stream):
                first = first or frame
                times.append(frame.pts)
            if first is None or frame is None:
                raise PictureError("there is no frame in it")
            rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
            base = Fraction(stream.time_base)
            each = max(1, round(1 / rate / base))
            turns = round(first.rotation / 90) % 4
            sideways = turns % 2 == 1
            aspect = Fraction(stream.sample_aspect_ratio or 1)
            shown = _increasing(times, each, round(offset / base))
            last = frame.duration or each
            _warn_if_cut_off(path, _promised(stream, offset), (shown[-1] + last) * base)
            return cls(
                Path(path),
                (first.width, first.height) if sideways else (first.height, first.width),
                turns,
                1 / aspect if sideways else aspect,
                base,
                shown,
                last,
                rate,
                {name: int(getattr(stream.codec_context, name)) for name in _COLOURS},
            )

    def frames(self, first: int = 0) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield the frames from number `first` on, H×W×3, RGB, upright. Raises PictureError."""
        with _reading(self.path), _opened(self.path) as container:
            for frame in islice(container.decode(_stream(container)), first, None):
                yield np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), self.turns))

    @contextmanager
    def sound(self) -> Iterator[tuple[list[Any], Iterator[Any]]]:
        """Give the audio streams, and their packets in the order of time, the film beginning at 0."""
        with _reading(self.path):
            container = _opened(self.path)
        with container:
            streams = list(container.streams.audio)
            yield streams, self._packets(container, streams)

    def _packets(self, container: Any, streams: list[Any]) -> Iterator[Any]:
        offset = start(container)
        with _reading(self.path):
            for packet in container.demux(streams) if streams else ():
                if packet.dts is None:  # the end of a stream
                    continue
                late = round(offset / packet.time_base)
                packet.dts -= late
                packet.pts = packet.dts if packet.pts is None else packet.pts - late
                yield packet


def content(pixels: npt.NDArray[np.uint8], shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return a frame as it is painted: float32 in 0..1, of a shape (H, W)."""
    return resize(read(pixels, what="frame").rgb, shape)  # the same bits as of any picture


def start(container: Any) -> Fraction:
    """Return when a file begins, in seconds: streams cut from a broadcast count from long ago."""
    return max(Fraction(0), (container.start_time or 0) * _MICRO)


def _increasing(times: list[int | None], each: int, late: int) -> tuple[int, ...]:
    """Return times that increase, from what a file says; where it says nothing, `each` after the last."""
    found: list[int] = []
    for time in times:
        following = found[-1] + each if found else 0
        found.append(following if time is None else max(time - late, found[-1] + 1 if found else time - late))
    return tuple(found)


def _promised(stream: Any, offset: Fraction) -> Fraction:
    """Return how many seconds a stream lasts by its file's account, 0 where it gives none."""
    if stream.duration is not None:
        return Fraction(stream.duration * stream.time_base)
    # Matroska's, where FFmpeg writes when the stream ends.
    told = re.match(r"(\d+):(\d+):(\d+)", stream.metadata.get("DURATION", ""))
    hours, minutes, seconds = (int(part) for part in told.groups()) if told else (0, 0, 0)
    return max(3600 * hours + 60 * minutes + seconds - offset, Fraction(0))


def _warn_if_cut_off(path: str | os.PathLike[str], promised: Fraction, found: Fraction) -> None:
    if found < promised - max(_LATE, promised * _LATE_SHARE):
        warnings.warn(
            f"{path} ends after {float(found):.1f} of {float(promised):.1f} s: "
            "it has been cut off, or is damaged",
            PictureWarning,
            stacklevel=3,
        )


def _opened(path: str | os.PathLike[str]) -> Any:
    if Path(path).is_dir():
        raise PictureError("it is a folder", "give a video in it")
    if not Path(path).exists():
        raise PictureError("there is no such file", "check the path")
    return av().open(os.fspath(path))


def _stream(container: Any) -> Any:
    """Return the first stream of moving pictures, ready to be decoded."""
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        raise PictureError("there is no picture in it")
    streams[0].thread_type = "AUTO"
    return streams[0]


@contextmanager
def _reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn whatever goes wrong inside into a PictureError that says with which video."""
    library = av()
    try:
        yield
    except PictureError as error:
        raise PictureError(f"cannot read the video {path}: {error}", error.hint) from error
    except (library.FFmpegError, OSError) as error:
        reason = system_reason(error)
        raise PictureError(f"cannot read the video {path}: it is damaged, or no video ({reason})") from error


def _is_cover(stream: Any) -> bool:
    """Whether a stream is the picture on a record's sleeve."""
    return bool(stream.disposition & av().stream.Disposition.attached_pic)
