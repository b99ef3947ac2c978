"""On-policy pictures: what the student itself paints, for the teacher to look at.

An optimiser finds what the student does not see and fills the picture with it. Photographs and paintings hold
nothing of that kind, so nothing in them teaches the student to see it; its own pictures do.
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
from .pictures import Collection, Pixels, sharing

if TYPE_CHECKING:
    from .student import Student

STEPS = (40, 80, 120)
"""Evaluations at one picture's scales together: some pictures are half done."""
CONTENT_WEIGHTS = (5e-4, 1e-2)
_FROM_NOISE = 0.1  # of the pictures


@dataclass(frozen=True)
class PaintedRounds:
    """The crops of each round: of `collections`, and of what was painted in the rounds up to this one.

    `count` pictures a round of `size` pixels go to ``round-1/000.png`` … in `folder`, beside the network that
    painted them, ``round-1/network.onnx``. `share`: how many of all crops are taken of them. `side`: of a
    crop. `device`: what paints, as of `nst-onnx stylize`.
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
    told: Callable[[str], None] = lambda line: None

    def __call__(self, number: int, student: Student | None) -> Crops:
        """Return what to learn from in round `number`, once its pictures are painted.

        Without a student they must be there. Raises ModelError where they are not or cannot be written.
        """
        if student is not None:
            self._paint(number, student)
        painted = [picture for earlier in range(1, number + 1) for picture in self._kept(earlier)]
        if not painted:
            return Crops(self.collections, self.side)
        return Crops(sharing(self.collections, Collection(tuple(painted), self.share)), self.side)

    def _kept(self, number: int) -> tuple[Pixels, ...]:
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
            content, style = self._drawn(rng), self._drawn(rng)
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
        self.told(f"painted {self.count} pictures with it, in {folder}")

    def _drawn(self, rng: np.random.Generator) -> Pixels:
        shares = [collection.share for collection in self.collections]
        pictures = self.collections[rng.choice(len(shares), p=shares)].pictures
        return pictures[rng.integers(len(pictures))]

    def _folder(self, number: int) -> Path:
        return self.folder / f"round-{number}"


def _name(picture: int) -> str:
    return f"{picture:03d}.png"
