"""Tiny films for tests, with known motion."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from support.pictures import smooth_picture

WIDTH, HEIGHT = 96, 64
STEP = 2  # pixels to the left that everything moves from frame to frame
MILLISECONDS = Fraction(1, 1000)


def scene(count: int, seed: int, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> list[np.ndarray]:
    """Frames H×W×3, uint8: a camera that glides to the right over a textured picture."""
    height, width = shape
    wide = width + STEP * count
    waves = np.asarray(smooth_picture(height, wide, seed), np.float64)
    grain = np.random.default_rng(seed).normal(0, 1, (height // 2 + 1, wide // 2 + 1, 3))
    texture = np.kron(grain, np.ones((2, 2, 1)))[:height, :wide]
    whole = np.clip(waves * 0.6 + 50 + 18 * texture, 0, 255).astype(np.uint8)
    return [whole[:, STEP * n : STEP * n + width] for n in range(count)]


def save(
    path: Path,
    frames: Sequence[np.ndarray],
    *,
    times: Sequence[int] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    sound: str | None = None,
    aspect: Fraction | None = None,
    rotation: int = 0,
    colours: dict[str, int] | None = None,
) -> Path:
    """Write a film of 10 frames a second, or with `times` in milliseconds; `sound`: the codec of a tone."""
    import av

    times = times or [100 * n for n in range(len(frames))]
    options = {"crf": "10"} if codec == "libx264" else {}
    with av.open(str(path), "w") as file:
        video: Any = file.add_stream(codec, rate=10, options=options)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pixels
        video.codec_context.time_base = MILLISECONDS
        for name, value in (colours or {}).items():
            setattr(video.codec_context, name, value)
        if aspect:
            video.sample_aspect_ratio = aspect
        if rotation:
            video.set_display_rotation(rotation)
        tone = _tone(file, sound, times[0] / 1000, times[-1] / 1000 + 0.1) if sound else None
        for pixels_of_frame, time in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels_of_frame), format="rgb24")
            if colours:
                frame = frame.reformat(format=pixels, dst_colorspace=colours["colorspace"])
            frame.pts, frame.time_base = time, MILLISECONDS
            file.mux(video.encode(frame))
        file.mux(video.encode())
        if tone:
            stream, sounding = tone
            file.mux(stream.encode(sounding))
            file.mux(stream.encode())
    return path


def _tone(file: Any, codec: str, start: float, end: float) -> tuple[Any, Any]:
    import av

    rate = 44100
    stream = file.add_stream(codec, rate=rate, layout="mono")
    wave = 8000 * np.sin(2 * np.pi * 440 * np.arange(int((end - start) * rate)) / rate)
    frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), int(start * rate)
    return stream, frame


def packets(path: Path) -> list[tuple[int | None, bytes]]:
    """The sound of a film as it is stored: (time, bytes)."""
    import av

    with av.open(str(path)) as file:
        found = list(file.demux(file.streams.audio)) if file.streams.audio else []
        return [(round(p.pts * p.time_base * 44100), bytes(p)) for p in found if p.dts is not None]


def times(path: Path) -> list[Fraction]:
    """When the frames of a film are shown, in seconds."""
    import av

    with av.open(str(path)) as file:
        return [frame.pts * frame.time_base for frame in file.decode(file.streams.video[0])]
