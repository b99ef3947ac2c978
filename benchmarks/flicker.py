"""``python -m benchmarks.flicker``: flicker of a painted film, and of frames painted one by one.

The film is that of ``examples/clip.py``, whose motion is known exactly. Flicker is the mean absolute
difference, in grey levels, between a frame and its predecessor warped along that motion, over the pixels
visible in both. The film is decoded from the file written; frames painted alone are measured directly.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.pairs import EXAMPLES
from nst_onnx import Stylizer, stylize_video
from nst_onnx.jobs.video.decode import Film
from nst_onnx.jobs.video.optical_flow import sample

sys.path.insert(0, str(EXAMPLES))

import clip as example

Frames = Mapping[int, npt.NDArray[np.uint8]]


@dataclass(frozen=True)
class Measured:
    """Flicker of one style in grey levels: of the clip itself, of frames painted alone, of the film.

    `cut`: difference of the film's frame after the cut to the same frame painted alone. `seconds`: of a frame
    alone, and of one of the film. `pictures`: a sheet with frames alone above those of the film.
    """

    style: str
    flicker: tuple[float, float, float]
    cut: float
    seconds: tuple[float, float]
    pictures: npt.NDArray[np.uint8]

    def row(self) -> str:
        numbers = (*self.flicker, self.flicker[2] / self.flicker[1], self.cut, *self.seconds)
        return f"| {self.style} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |"


HEAD = """| style | the clip | alone | film | film / alone | after the cut | s a frame, alone | film |
|---|---|---|---|---|---|---|---|"""


def flicker(clip: example.Clip, frames: Frames, pairs: Sequence[int]) -> float:
    """Return the mean difference of the frames `pairs` to their predecessors, warped by the true motion."""
    found = []
    for number in pairs:
        steps, visible = clip.motion(number)
        warped = sample(frames[number - 1].astype(np.float32), steps)
        found.append(np.abs(warped - frames[number])[visible].mean())
    return float(np.mean(found))


def chosen(clip: example.Clip, count: int) -> list[int]:
    """Return `count` frames spread over the clip, none of them after a cut."""
    within = [n for n in range(1, clip.frames) if n not in clip.cuts()]
    return [within[i] for i in np.linspace(0, len(within) - 1, min(count, len(within))).round().astype(int)]


def measure(
    clip: example.Clip, stylizer: Stylizer, style: Path, pairs: Sequence[int], **options: Any
) -> Measured:
    """Paint the clip both ways."""
    size = (clip.width, clip.height)
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "clip.mp4", Path(folder) / "painted.mp4"
        example.write(clip, source)
        begun = time.monotonic()
        stylize_video(source, style, output, model=stylizer.network, size=size, **options)
        film_seconds = (time.monotonic() - begun) / clip.frames
        filmed, film = (dict(enumerate(Film.open(path).frames())) for path in (source, output))
    (cut,) = clip.cuts()
    wanted = sorted({cut, *pairs, *(n - 1 for n in pairs)})
    of_a_picture = {name: options[name] for name in ("steps", "quality") if name in options}
    begun = time.monotonic()
    alone = {}
    for number in wanted:
        result = stylizer.stylize(filmed[number], style, size=size, **of_a_picture)
        alone[number] = np.rint(result.array * 255).astype(np.uint8)
    alone_seconds = (time.monotonic() - begun) / len(wanted)
    before, apart, together = (flicker(clip, frames, pairs) for frames in (filmed, alone, film))
    after = float(np.abs(film[cut].astype(float) - alone[cut]).mean())
    pictures = np.vstack([np.hstack([frames[n] for n in wanted]) for frames in (alone, film)])
    seconds = (alone_seconds, film_seconds)
    return Measured(style.stem, (before, apart, together), after, seconds, pictures)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flicker", description=__doc__)
    parser.add_argument("--styles", default="whirl,facets", help="of examples/styles, as whirl,facets")
    parser.add_argument("--frames", type=int, default=example.Clip.frames)
    parser.add_argument("--width", type=int, default=example.Clip.width)
    parser.add_argument("--height", type=int, default=example.Clip.height)
    parser.add_argument("--pairs", type=int, default=6, help="at how many places to measure")
    parser.add_argument("--steps", type=int, help="80, or as --quality says")
    parser.add_argument("--quality")
    parser.add_argument("--frame-steps", type=int)
    parser.add_argument("--temporal-weight", type=float)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--device")
    parser.add_argument("--sheets", type=Path, help="a folder for pictures to look at")
    given = parser.parse_args()
    if given.steps is None and given.quality is None:
        given.steps = 80
    clip = example.Clip(given.frames, given.width, given.height)
    names = ("steps", "quality", "frame_steps", "temporal_weight")
    options = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    stylizer = Stylizer(given.model, given.device)
    print(f"{clip}, {stylizer.model_name} on {stylizer.device}, {options}\n\n{HEAD}", flush=True)
    for style in given.styles.split(","):
        path = EXAMPLES / "styles" / f"{style}.jpg"
        measured = measure(clip, stylizer, path, chosen(clip, given.pairs), **options)
        print(measured.row(), flush=True)
        if given.sheets:
            Image.fromarray(measured.pictures).save(given.sheets / f"flicker-{style}.png")


if __name__ == "__main__":
    main()
