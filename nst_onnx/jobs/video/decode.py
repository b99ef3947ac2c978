"""Decodes a video file: upright frames, their presentation times, and the packets of its sound."""

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
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import PictureError
from nst_onnx.jobs.video.libraries import av
from nst_onnx.picture import PictureWarning, read, resize
from nst_onnx.support.arrays import Array
from nst_onnx.support.library_errors import system_reason

_COLOURS = ("colorspace", "color_primaries", "color_trc")
_CONTAINER_TIME_BASE = Fraction(1, 1_000_000)  # seconds
_TOLERANCE, _RELATIVE_TOLERANCE = Fraction(1, 2), Fraction(1, 50)  # seconds, and of the declared duration


class AudioStream(Protocol):
    """An audio stream of PyAV."""

    index: int


class Packet(Protocol):
    """An encoded packet of PyAV. `dts` and `pts`: its times, in units of `time_base` seconds."""

    dts: int
    pts: int
    time_base: Fraction
    stream: AudioStream


@dataclass(frozen=True, kw_only=True)
class Film:
    """A video file, decoded once from end to end.

    `shape`: (H, W) of its upright frames. `turns`: anticlockwise quarter turns that make them upright.
    `aspect`: pixel aspect ratio, width to height, upright. `times`: presentation times of the frames, in
    units of `time_base` seconds, increasing; `last`: the duration of the last frame. `rate`: average frames
    per second. `colours`: PyAV's `colorspace`, `color_primaries` and `color_trc`.
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
        """Decode a video file once.

        Raises PictureError if it is no video, or damaged. Warns (PictureWarning) if it is truncated.
        """
        with _reading(path), _opened(path) as container:
            stream = _stream(container)
            offset = _start_time(container)
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
            _warn_if_truncated(path, _declared_duration(stream, offset), (shown[-1] + last) * base)
            return cls(
                path=Path(path),
                shape=(first.width, first.height) if sideways else (first.height, first.width),
                turns=turns,
                aspect=1 / aspect if sideways else aspect,
                time_base=base,
                times=shown,
                last=last,
                rate=rate,
                colours={name: int(getattr(stream.codec_context, name)) for name in _COLOURS},
            )

    def frames(self, first: int = 0) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield the frames from number `first` to the last, H×W×3, RGB, upright. Raises PictureError."""
        with _reading(self.path), _opened(self.path) as container:
            for frame in islice(container.decode(_stream(container)), first, None):
                yield np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), self.turns))

    @contextmanager
    def sound(self) -> Iterator[tuple[list[AudioStream], Iterator[Packet]]]:
        """Yield the audio streams, and their packets in the order of time, counted from the video's start.

        Those of a codec that FFmpeg does not know, and cannot copy, are left out with a PictureWarning.
        """
        with _reading(self.path):
            container = _opened(self.path)
        with container:
            streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
            if left_out := len(container.streams.audio) - len(streams):
                tracks = "a sound track" if left_out == 1 else f"{left_out} sound tracks"
                warnings.warn(
                    f"{self.path}: {tracks} that FFmpeg does not know (spatial audio?) will be missing",
                    PictureWarning,
                    stacklevel=2,
                )
            yield streams, self._packets(container, streams)

    def _packets(self, container: Any, streams: list[AudioStream]) -> Iterator[Packet]:
        offset = _start_time(container)
        with _reading(self.path):
            for packet in container.demux(streams) if streams else ():
                if packet.dts is None:  # the end of a stream
                    continue
                start = round(offset / packet.time_base)
                packet.dts -= start
                packet.pts = packet.dts if packet.pts is None else packet.pts - start
                yield packet


def prepare_frame(pixels: npt.NDArray[np.uint8], shape: tuple[int, int]) -> Array:
    """Return a frame as the content of a painting: float32 in 0..1, resized to (H, W) like any picture."""
    return resize(read(pixels, what="frame").rgb, shape)


def _start_time(container: Any) -> Fraction:
    """Return the time of a file's start in seconds; it is large in streams cut from a broadcast."""
    return max(Fraction(0), (container.start_time or 0) * _CONTAINER_TIME_BASE)


def _increasing(times: list[int | None], each: int, start: int) -> tuple[int, ...]:
    """Return strictly increasing times, counted from `start`; a missing time is `each` after the previous."""
    found: list[int] = []
    for time in times:
        if time is None:
            found.append(found[-1] + each if found else 0)
        else:
            found.append(max(time - start, found[-1] + 1) if found else time - start)
    return tuple(found)


def _declared_duration(stream: Any, offset: Fraction) -> Fraction:
    """Return the duration that the file declares for a stream, in seconds; 0 if it declares none."""
    if stream.duration is not None:
        return Fraction(stream.duration * stream.time_base)
    # In Matroska, FFmpeg stores the stream's end as a tag.
    tag = re.match(r"(\d+):(\d+):(\d+)", stream.metadata.get("DURATION", ""))
    hours, minutes, seconds = (int(part) for part in tag.groups()) if tag else (0, 0, 0)
    return max(3600 * hours + 60 * minutes + seconds - offset, Fraction(0))


def _warn_if_truncated(path: str | os.PathLike[str], declared: Fraction, found: Fraction) -> None:
    if found < declared - max(_TOLERANCE, declared * _RELATIVE_TOLERANCE):
        warnings.warn(
            f"{path} ends after {float(found):.1f} of {float(declared):.1f} s: "
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
    """Return the first video stream that is not a cover picture, set to decode in several threads."""
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        raise PictureError("there is no picture in it")
    streams[0].thread_type = "AUTO"
    return streams[0]


@contextmanager
def _reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Convert errors of the block to a PictureError that names the video."""
    library = av()
    try:
        yield
    except PictureError as error:
        raise PictureError(f"cannot read the video {path}: {error}", error.hint) from error
    except (library.FFmpegError, OSError) as error:
        reason = system_reason(error)
        raise PictureError(f"cannot read the video {path}: it is damaged, or no video ({reason})") from error


def _is_cover(stream: Any) -> bool:
    """Return whether a stream is an attached cover picture."""
    return bool(stream.disposition & av().stream.Disposition.attached_pic)
