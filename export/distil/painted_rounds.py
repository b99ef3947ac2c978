"""On-policy training pictures: stylisations made with the student, added to the training set in rounds.

An optimiser exploits patterns to which the student's features are blind. Photographs and paintings contain no
such patterns, so only pictures painted with the student itself train them away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
from PIL import Image

from nst_onnx import Stylizer
from nst_onnx.errors import ModelError
from nst_onnx.support.library_errors import system_reason

from .. import onnx_file
from .crops import Crops
from .pictures import Collection, Pixels, with_collection

if TYPE_CHECKING:
    from .student import Student

STEPS = (40, 80, 120)
"""Evaluations for one picture, all scales together; some pictures stay unfinished on purpose."""
CONTENT_WEIGHTS = (5e-4, 1e-2)
_FROM_NOISE = 0.1  # fraction of the pictures that start from noise


@dataclass(frozen=True)
class StudentPaintings:
    """The crops of each round: from `collections` and from the student's paintings of all rounds so far.

    A round's `count` pictures of `size` pixels are stored in `folder` as ``round-1/000.png`` …, with the
    network that painted them, ``round-1/network.onnx``. `share`: their fraction of all crops. `side`: of a
    crop in pixels. `device`: as of `nst-onnx stylize`. `report`: receives a line for each round.
    """

    collections: tuple[Collection, ...]
    side: int
    folder: Path
    network: Callable[[Student], onnx.ModelProto]
    count: int = 48
    size: int = 256
    share: float = 0.35
    seed: int = 0
    device: str = "auto"
    report: Callable[[str], None] = lambda line: None

    def __call__(self, number: int, student: Student | None) -> Crops:
        """Return the crops of round `number`, after painting its pictures with `student`.

        Without a student they are read. Raises ModelError where they are missing or cannot be written.
        """
        if student is not None:
            self._paint(number, student)
        painted = [picture for earlier in range(1, number + 1) for picture in self._read(earlier)]
        if not painted:
            return Crops(self.collections, self.side)
        return Crops(with_collection(self.collections, Collection(tuple(painted), self.share)), self.side)

    def _read(self, number: int) -> tuple[Pixels, ...]:
        folder = self._folder(number)
        files = [folder / _name(picture) for picture in range(self.count)]
        found = [file for file in files if file.is_file()]
        if len(found) < self.count:
            raise ModelError(
                f"{folder} holds {len(found)} of {self.count} pictures painted on the way",
                "give another --checkpoint to begin anew",
            )
        return tuple(np.asarray(Image.open(file).convert("RGB")) for file in found)

    def _paint(self, number: int, student: Student) -> None:
        folder = self._folder(number)
        network = folder / "network.onnx"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelError(f"{folder} cannot be written: {system_reason(error)}") from error
        onnx_file.save(self.network(student), network)
        stylizer = Stylizer(network, device=self.device)
        for picture in range(self.count):
            rng = np.random.default_rng([self.seed, number, picture])
            content, style = self._sample(rng), self._sample(rng)
            low, high = np.log(CONTENT_WEIGHTS)
            painted = stylizer.stylize(
                content,
                style,
                size=self.size,
                steps=int(rng.choice(STEPS)),
                content_weight=float(np.exp(rng.uniform(low, high))),
                init="noise" if rng.random() < _FROM_NOISE else "content",
                min_change=0,
                seed=picture,
            )
            painted.save(folder / _name(picture))
        self.report(f"painted {self.count} pictures with it, in {folder}")

    def _sample(self, rng: np.random.Generator) -> Pixels:
        shares = [collection.share for collection in self.collections]
        pictures = self.collections[rng.choice(len(shares), p=shares)].pictures
        return pictures[rng.integers(len(pictures))]

    def _folder(self, number: int) -> Path:
        return self.folder / f"round-{number}"


def _name(picture: int) -> str:
    return f"{picture:03d}.png"
