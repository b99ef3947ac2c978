"""How far what a student's features tell is from the teacher's features: the loss of a distillation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from nst_onnx.errors import OptionError
from nst_onnx.models import vgg
from nst_onnx.models.weights import Layers, Weights

from .batches import Lesson
from .settings import Settings
from .student import Student, Tensors, features, frozen

GRAM = 3.0
"""The weight of the Gram matrices' term beside the features' own."""
FIRST_LOOK = 8
"""Batches from which statistics come."""


@dataclass(frozen=True)
class Objective:
    """The loss, at the layers of `size`.

    `size`: the root mean square of a layer's features, `variance`: their mean square about each channel's
    mean. Both are numbers for whole layers, so that strong channels count as much as in Gram matrices.
    """

    teacher: Tensors
    size: Mapping[str, float]
    variance: Mapping[str, float]
    settings: Settings

    @classmethod
    def of(cls, teacher: Weights, batches: Callable[[int], Any], settings: Settings) -> Objective:
        """Measure the teacher's features on a few batches. Raises OptionError for an unknown last layer."""
        layers = beginning(teacher.layers, settings.last)
        style, content = vgg.default_layers(list(layers))
        tensors = frozen(layers, settings.device)
        square: dict[str, float] = {}
        spread: dict[str, float] = {}
        for number in range(FIRST_LOOK):
            with torch.no_grad():
                seen = features(tensors, batches(number), {*style, *content})
            for name, value in seen.items():
                square[name] = square.get(name, 0) + value.square().mean().item() / FIRST_LOOK
                spread[name] = spread.get(name, 0) + value.var((0, 2, 3)).mean().item() / FIRST_LOOK
        return cls(tensors, {name: math.sqrt(value) for name, value in square.items()}, spread, settings)

    def lesson(self, batch: Any) -> Lesson:
        """Return a batch with what the teacher makes of it."""
        with torch.no_grad(), self.precision():
            found = features(self.teacher, batch, self.size)
        rows = {name: by_positions(value) for name, value in found.items()}
        return Lesson(batch, rows, {name: products(value, value) for name, value in rows.items()})

    def terms(self, student: Student, lesson: Lesson) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return for each head the unexplained fraction of variance, and the Gram matrices' relative error.

        Both follow from products over positions, f fᵀ and F fᵀ of the student's features f and the teacher's
        F: what a head A tells, A f, is never computed, for it has many times as many numbers.
        """
        with self.precision():
            own = student.features(lesson.batch)
        fractions, grams = {}, {}
        for name in student.heads:
            matrix = student.head(name)
            rows = by_positions(own[name])
            told = matrix @ products(rows, rows) @ matrix.T
            both = (matrix * products(lesson.features[name], rows)).sum((1, 2))
            wanted = lesson.grams[name]
            squares = _trace(told) - 2 * both + _trace(wanted)  # ‖A f − F‖², a number for each crop
            fractions[name] = squares.mean() / (len(matrix) * self.variance[name])
            error = (told - wanted).square().sum((1, 2)) / wanted.square().sum((1, 2)).clamp(min=1e-9)
            grams[name] = error.mean()
        return fractions, grams

    def precision(self) -> Any:
        """Return the context in which networks are computed."""
        kind = torch.device(self.settings.device).type
        return torch.autocast(kind, torch.bfloat16, enabled=self.settings.bfloat16)


def by_positions(value: Any) -> Any:
    """Return features N×C×h×w as N×M×C: no copy where channels come last anyway."""
    return value.permute(0, 2, 3, 1).flatten(1, 2)


def products(one: Any, other: Any) -> Any:
    """Return oneᵀ other / M, N×C×D, of N×M×C and N×M×D, float32."""
    return (one.transpose(1, 2) @ other).float() / one.shape[1]


def _trace(matrices: Any) -> Any:
    return matrices.diagonal(dim1=1, dim2=2).sum(1)


def beginning(layers: Layers, last: str) -> Layers:
    """Return a network's layers up to `last`. Raises OptionError where it has no such layer."""
    names = list(layers)
    if last not in names:
        raise OptionError(f"the teacher has no layer {last!r}", f"it has {', '.join(names)}")
    return {name: layers[name] for name in names[: names.index(last) + 1]}
