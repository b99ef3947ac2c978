"""``python -m benchmarks.compact TEACHER``: quality of the compact network's pictures against its teacher's.

Every pair is painted with both networks, with the command's defaults. The teacher, in float32 with
onnxruntime, evaluates the pictures. Writes compact.md, compact.json and the contact sheet compact.jpg.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import distances, machine, pairs
from benchmarks.distances import Teacher
from benchmarks.judge import grain
from benchmarks.pairs import Pair
from benchmarks.report import Part
from nst_onnx import Stylizer
from nst_onnx.cli import errors
from nst_onnx.cli.contact_sheet import Cell, draw
from nst_onnx.errors import NstError
from nst_onnx.picture import read, resize
from nst_onnx.support.arrays import Array

PAIRS = pairs.DOZEN
RESULTS = Path(__file__).parent / "results"
ABOUT = """
Style: distance of the picture's Gram matrices to the style's, relative to the content picture's distance,
‖G − A‖² / ‖G_content − A‖²; 0% is the style itself. Content: ‖F − P‖² / ‖P‖² at conv3_3. Grain: mean square
of the residual of a Gaussian filter of one pixel, in the quarter of the content picture with the smallest
gradients, compact over teacher. All by the teacher's features; figures in brackets: the teacher's picture.
"""


@dataclass(frozen=True)
class Painting:
    """One network's picture, measured by the teacher. `style`: distances relative to the content's."""

    style: dict[str, float]
    content: float
    grain: float
    seconds: float


@dataclass(frozen=True)
class Record:
    """A pair, painted with both networks."""

    pair: str
    compact: Painting
    teacher: Painting

    def row(self) -> Sequence[str]:
        """Return the record as the table shows it."""
        return [
            self.pair,
            *(
                _cell(100 * self.compact.style[name], 100 * self.teacher.style[name], "%")
                for name in distances.STYLE_LAYERS
            ),
            _cell(self.compact.content, self.teacher.content),
            f"{self.compact.grain / self.teacher.grain:.2f}",
            _cell(self.compact.seconds, self.teacher.seconds, digits=1),
        ]


def main(words: list[str] | None = None) -> None:
    """Paint, evaluate and write."""
    given = _parser().parse_args(words)
    given.output.mkdir(parents=True, exist_ok=True)
    networks = {"compact": given.model, "teacher": str(given.teacher)}
    stylizers = {name: Stylizer(model, device=given.device) for name, model in networks.items()}
    teacher = Teacher(given.teacher)
    records, cells = [], []
    for pair in given.pairs:
        pictures, record = compare(pair, stylizers, teacher, given.size)
        records.append(record)
        cells += [
            _shown(pair.content, pictures["teacher"].shape),
            _shown(pair.style, pictures["teacher"].shape),
        ]
        cells += [Cell(name, _image(pictures[name]), "") for name in ("teacher", "compact")]
        print(" | ".join(record.row()), file=sys.stderr, flush=True)
        draw([], "", cells, 4).save(given.output / "compact.jpg", quality=72)
    facts = {**machine.facts(), "commit": machine.commit(), "device": given.device, "size": str(given.size)}
    facts["load of the machine"] = f"{machine.load() or 0:.1f}"
    facts["date"] = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    part = table(records)
    text = (
        part.markdown()
        + "\n\n"
        + "\n".join(["| | |", "|---|---|", *(f"| {n} | {v} |" for n, v in facts.items())])
    )
    (given.output / "compact.md").write_text(text + "\n")
    data = {"machine": facts, "pairs": [asdict(record) for record in records]}
    (given.output / "compact.json").write_text(json.dumps(data, indent=1) + "\n")
    print(part.markdown())


def compare(
    pair: Pair, stylizers: dict[str, Stylizer], teacher: Teacher, size: int
) -> tuple[dict[str, Array], Record]:
    """Paint one pair with both networks; return the pictures and the teacher's measurements."""
    pictures, seconds = {}, {}
    for name, stylizer in stylizers.items():
        begun = time.perf_counter()
        pictures[name] = stylizer.stylize(pair.content, pair.style, size=size, **_LAYERS).array
        seconds[name] = time.perf_counter() - begun
    shape = pictures["teacher"].shape[:2]
    content, style = resize(read(pair.content).rgb, shape), _sized(pair.style, size)
    seen = {name: teacher.features(picture) for name, picture in pictures.items()}
    of_content, of_style = teacher.features(content), teacher.features(style)
    before = distances.style_distances(of_content, of_style)
    flat = grain.flat(content)

    def painting(name: str) -> Painting:
        left = distances.style_distances(seen[name], of_style)
        return Painting(
            {layer: left[layer] / before[layer] for layer in left},
            distances.content_distance(seen[name], of_content),
            grain.grain(pictures[name], flat),
            seconds[name],
        )

    return pictures, Record(str(pair), painting("compact"), painting("teacher"))


def table(records: Sequence[Record]) -> Part:
    """Return the records with their means."""
    header = ["pair", *distances.STYLE_LAYERS, "content", "grain", "seconds"]
    mean = Record("**mean**", _mean([r.compact for r in records]), _mean([r.teacher for r in records]))
    ratio = fmean(r.compact.grain / r.teacher.grain for r in records)
    last = [*mean.row()[:-2], f"{ratio:.2f}", mean.row()[-1]]
    return Part("The compact network beside its teacher", ABOUT, header, [*(r.row() for r in records), last])


_LAYERS: dict[str, Any] = {
    "style_layers": list(distances.STYLE_LAYERS),
    "content_layers": [distances.CONTENT_LAYER],
}


def _mean(paintings: Sequence[Painting]) -> Painting:
    return Painting(
        {name: fmean(p.style[name] for p in paintings) for name in distances.STYLE_LAYERS},
        fmean(p.content for p in paintings),
        fmean(p.grain for p in paintings),
        fmean(p.seconds for p in paintings),
    )


def _cell(compact: float, teacher: float, unit: str = "", digits: int = 2) -> str:
    return f"{compact:.{digits}f}{unit} ({teacher:.{digits}f})"


def _sized(path: Path, longest: int) -> Array:
    picture = read(path).rgb
    scale = longest / max(picture.shape[:2])
    return resize(picture, (round(picture.shape[0] * scale), round(picture.shape[1] * scale)))


def _shown(path: Path, shape: tuple[int, ...]) -> Cell:
    image = _image(_sized(path, max(shape)))
    image.thumbnail((shape[1], shape[0]))
    return Cell(path.stem, image, "")


def _image(picture: Array) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compact", description=__doc__)
    parser.add_argument("teacher", type=Path, help="a VGG weight file, as of nst-onnx stylize --model")
    parser.add_argument("--model", default="compact", help="the network to judge: a name or a file")
    parser.add_argument("--pairs", type=_pairs, default=PAIRS, help="as harbour+whirl,photo.jpg+painting.jpg")
    parser.add_argument("--size", type=int, default=384, help="the longest side, in pixels")
    parser.add_argument("--device", default="auto", help="what paints, as of nst-onnx stylize")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    return parser


def _pairs(text: str) -> tuple[Pair, ...]:
    return tuple(pairs.find(name) for name in text.split(","))


if __name__ == "__main__":
    try:
        main()
    except (NstError, OSError) as error:
        sys.exit(errors.explain(error)[0])
