"""Rows: every picture of every pair at every size, painted and measured, or taken from what was kept."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from benchmarks.judge import trivial
from benchmarks.judge.contestants import Contestant
from benchmarks.judge.measures import Measures, Reference
from benchmarks.judge.network import Network
from benchmarks.judge.paintings import Paintings
from benchmarks.judge.pairs import seen
from benchmarks.pairs import Pair
from nst_onnx.painting.result import to_image
from nst_onnx.picture import read
from nst_onnx.support.json_types import JsonObject

_MEASURING = (
    *("network", "content_error", "gram", "wasserstein", "quantiles"),
    *("edges", "grain", "palette", "measures", "pairs"),
)
"""The modules whose change makes stored measures invalid."""


@dataclass(frozen=True)
class Row:
    """A picture's columns. `seconds` and `peak` bytes are 0 for the trivial pictures."""

    size: int
    pair: str
    name: str
    path: Path
    measures: Measures
    seconds: float = 0.0
    peak: int = 0

    def record(self) -> JsonObject:
        """Return the row for JSON, without its file."""
        about = {"size": self.size, "pair": self.pair, "name": self.name}
        return {**about, **asdict(self.measures), "seconds": self.seconds, "peak": self.peak}


class Judge:
    """Yields the rows. Measures are kept beside the pictures until a picture or the judge changes."""

    def __init__(self, network: Network, paintings: Paintings, tell: Callable[[str], None] = print) -> None:
        self._network = network
        self._paintings = paintings
        self._tell = tell
        self._version = hashlib.sha256(
            b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in _MEASURING)
            + network.sha256.encode()
        ).hexdigest()

    def rows(self, pairs: Sequence[Pair], contestants: Sequence[Contestant], size: int) -> Iterator[Row]:
        """Yield each pair's trivial rows, and then the contestants'. Raises NstError if those are wrong."""
        for pair in pairs:
            reference = self._reference(pair, size)
            found = self._trivial(pair, size, reference)
            trivial.check({row.name: row.measures for row in found})
            yield from found
            for contestant in contestants:
                painted = self._paintings.of(contestant, pair, size)
                measures = self._measured(painted.path, pair, reference)
                yield Row(
                    size, str(pair), contestant.name, painted.path, measures, painted.seconds, painted.peak
                )
                self._tell(f"{size} {pair} {contestant.name}: {painted.seconds:.1f} s, {short(measures)}")

    def _reference(self, pair: Pair, size: int) -> Callable[[], Reference]:
        """Return what computes the reference when a picture must be measured."""
        return functools.cache(
            lambda: Reference(self._network, seen(pair.content, size), seen(pair.style, size))
        )

    def _trivial(self, pair: Pair, size: int, reference: Callable[[], Reference]) -> list[Row]:
        folder = self._paintings.folder / str(size) / str(pair)
        folder.mkdir(parents=True, exist_ok=True)
        rows = []
        for name, picture in trivial.pictures(seen(pair.content, size), seen(pair.style, size)).items():
            path = folder / f"{name}.png"
            _save(to_image(picture, None), path)
            rows.append(Row(size, str(pair), name, path, self._measured(path, pair, reference)))
        return rows

    def _measured(self, path: Path, pair: Pair, reference: Callable[[], Reference]) -> Measures:
        made = hashlib.sha256((self._version + pair.digest()).encode() + path.read_bytes()).hexdigest()
        kept = path.with_suffix(".measures.json")
        if kept.is_file():
            stored = json.loads(kept.read_text())
            if stored.pop("digest") == made:
                return Measures(**stored)
        found = reference().measure(read(path).rgb)
        kept.write_text(json.dumps({"digest": made, **asdict(found)}) + "\n")
        return found


def short(measures: Measures) -> str:
    """Return the columns on one line."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in asdict(measures).items())


def _save(image: Image.Image, path: Path) -> None:
    """Write a PNG, unless the same picture is there."""
    if path.is_file():
        with Image.open(path) as there:
            if there.size == image.size and there.tobytes() == image.tobytes():
                return
    image.save(path)
