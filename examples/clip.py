"""Film "balloon": a short clip with camera motion, object motion, one cut and sound, with exact optical flow.

The camera moves over two of the example pictures, and a striped ball crosses the frame. `motion` returns the
exact position of each pixel in the previous frame, and which pixels were not visible there.

    python examples/clip.py --output clip.mp4        (needs PyAV)
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from canvas import HERE, Array, mix, palette, shrink, smoothstep, to_image
from numpy.typing import NDArray
from PIL import Image

RATE = 24  # frames a second
SOUND = 48000  # samples a second
OVERSAMPLING = 2
BALL = palette("c8452f", "f3e6c8")


@dataclass(frozen=True)
class Shot:
    """What lies before the camera, and how camera and ball move; places are in widths of the background.

    `camera`: x, y and the width that it sees; `ball`: x, y and radius in widths of the frame, and its turn in
    radians; `drift` and `roll`: how much these change over the shot.
    """

    background: str
    camera: tuple[float, float, float]
    drift: tuple[float, float, float]
    ball: tuple[float, float, float, float]
    roll: tuple[float, float, float, float]

    def camera_at(self, t: float) -> Array:
        """Where the camera looks, t from 0 to 1."""
        return np.add(self.camera, np.multiply(self.drift, t))

    def ball_at(self, t: float) -> Array:
        """Where the ball is, and how far it has turned."""
        return np.add(self.ball, np.multiply(self.roll, t))


SHOTS = (
    Shot("valley", (0.36, 0.32, 0.62), (0.26, 0.02, -0.06), (0.1, 0.34, 0.1, 0.0), (0.75, -0.14, 0.02, 2.4)),
    Shot(
        "still_life", (0.62, 0.36, 0.70), (-0.2, 0.03, 0.05), (0.9, 0.12, 0.08, 0.0), (-0.6, 0.2, 0.0, -3.0)
    ),
)


@dataclass(frozen=True)
class Clip:
    """`frames` frames in all, each `width`×`height`; the cut is half-way."""

    frames: int = 48
    width: int = 320
    height: int = 180

    def place(self, number: int) -> tuple[Shot, float]:
        """The shot of a frame, and how far the shot has gone, 0 to 1."""
        first = (self.frames + 1) // 2
        shot = int(number >= first)
        begun, length = (0, first) if shot == 0 else (first, self.frames - first)
        return SHOTS[shot], (number - begun) / max(length - 1, 1)

    def cuts(self) -> set[int]:
        """The frames before which there is a cut."""
        return {n for n in range(1, self.frames) if self.place(n)[0] is not self.place(n - 1)[0]}

    def grid(self, scale: int = 1) -> Array:
        """H×W×2: x and y of the pixel centres in pixels of the frame."""
        y, x = np.mgrid[0 : self.height * scale, 0 : self.width * scale].astype(np.float64)
        return (np.stack([x, y], axis=-1) + 0.5) / scale

    def frame(self, number: int) -> NDArray[np.uint8]:
        """The picture H×W×3."""
        shot, t = self.place(number)
        points = self.grid(OVERSAMPLING)
        picture = look_up(background(shot.background), self.over_background(points, shot.camera_at(t)))
        x, y, radius, turn = shot.ball_at(t) * (self.width, self.width, self.width, 1)
        dx, dy = points[..., 0] - x, points[..., 1] - y
        away = np.hypot(dx, dy)
        stripes = smoothstep(-0.12, 0.12, np.sin(5 * (np.arctan2(dy, dx) - turn)))
        shade = 0.55 + 0.45 * np.clip(1 - away / radius, 0, 1) ** 0.5
        ball = mix(BALL[0], BALL[1], stripes) * shade[..., None]
        picture = mix(picture, ball, smoothstep(radius + 0.5, radius - 0.5, away))
        return np.asarray(to_image(shrink(picture, (self.height, self.width))))

    def over_background(self, points: Array, camera: Array) -> Array:
        """Where on the background (in its widths) points of the frame lie."""
        x, y, seen = camera
        centre = np.array([self.width, self.height]) / 2
        return (points - centre) * (seen / self.width) + (x, y)

    def motion(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """For each pixel of a frame the step (x, y) to where it was in the frame before, H×W×2, and whether
        it could be seen there at all, H×W.
        """
        (shot, now), (earlier, then) = self.place(number), self.place(number - 1)
        points = self.grid()
        if shot is not earlier:
            return np.zeros_like(points, np.float32), np.zeros(points.shape[:2], bool)
        x, y, seen = shot.camera_at(then)
        over = self.over_background(points, shot.camera_at(now))
        source = (over - (x, y)) * (self.width / seen) + np.array([self.width, self.height]) / 2
        was, on_ball = self.on_ball(points, shot, now, then)
        _, covered = self.on_ball(source, shot, then, then)
        source = np.where(on_ball[..., None], was, source)
        inside = ((source >= 0) & (source <= (self.width, self.height))).all(axis=-1)
        return (source - points).astype(np.float32), inside & (on_ball | ~covered)

    def on_ball(self, points: Array, shot: Shot, now: float, then: float) -> tuple[Array, NDArray[np.bool_]]:
        """Where points of the ball were `then`, and which points are on it `now`."""
        scale = np.array([self.width, self.width, self.width, 1])
        x, y, radius, turn = shot.ball_at(now) * scale
        x0, y0, radius0, turn0 = shot.ball_at(then) * scale
        away = points - (x, y)
        cos, sin = np.cos(turn0 - turn), np.sin(turn0 - turn)
        turned = away @ np.array([[cos, sin], [-sin, cos]])
        return turned * (radius0 / radius) + (x0, y0), np.hypot(away[..., 0], away[..., 1]) <= radius

    def sound(self) -> NDArray[np.int16]:
        """A tone, another after the cut: 1×samples."""
        t = np.arange(self.frames * SOUND // RATE) / SOUND
        cut = min(self.cuts(), default=self.frames) / RATE
        pitch = np.where(t < cut, 330.0, 440.0)
        return (8000 * np.sin(2 * np.pi * pitch * t) * np.minimum(1, t * 20)).astype(np.int16)[None]


@cache
def background(name: str) -> Array:
    """An example picture, H×W×3 in 0..1."""
    with Image.open(HERE / "content" / f"{name}.jpg") as image:
        return np.asarray(image.convert("RGB"), np.float32) / 255


def look_up(picture: Array, points: Array) -> Array:
    """Colours at points (in widths of the picture), interpolated between the four pixels around."""
    height, width = picture.shape[:2]
    at = np.clip(points * width - 0.5, 0, (width - 1.001, height - 1.001))
    low = at.astype(int)
    fx, fy = np.moveaxis(at - low, -1, 0)
    x, y = np.moveaxis(low, -1, 0)
    above = mix(picture[y, x], picture[y, x + 1], fx)
    below = mix(picture[y + 1, x], picture[y + 1, x + 1], fx)
    return mix(above, below, fy)


def write(clip: Clip, path: Path) -> None:
    """Encode the clip as H.264 with AAC."""
    import av

    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=RATE, options={"crf": "12"})
        video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
        audio = file.add_stream("aac", rate=SOUND, layout="mono")
        for number in range(clip.frames):
            file.mux(video.encode(av.VideoFrame.from_ndarray(clip.frame(number), format="rgb24")))
        sound = av.AudioFrame.from_ndarray(clip.sound(), format="s16", layout="mono")
        sound.sample_rate, sound.time_base, sound.pts = SOUND, Fraction(1, SOUND), 0
        file.mux(audio.encode(sound))
        file.mux(video.encode())
        file.mux(audio.encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--frames", type=int, default=Clip.frames)
    parser.add_argument("--width", type=int, default=Clip.width)
    parser.add_argument("--height", type=int, default=Clip.height)
    parser.add_argument("--output", type=Path, default=Path("clip.mp4"))
    options = parser.parse_args()
    write(Clip(options.frames, options.width, options.height), options.output)
    print(options.output)
