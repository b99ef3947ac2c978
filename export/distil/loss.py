"""Distillation loss: feature regression and relative Gram error between student and teacher."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from nst_onnx.errors import OptionError
from nst_onnx.models import vgg
from nst_onnx.models.weights import Layers, Weights

from .batches import TeacherBatch
from .settings import Settings
from .student import Student, Tensors, features, frozen

GRAM = 3.0
"""Weight of the Gram term relative to the feature term."""
STATISTICS_BATCHES = 8
"""Number of batches for initial statistics, and for the final evaluation."""


@dataclass(frozen=True)
class Objective:
    """The loss at the layers of `rms`.

    `rms`: root mean square of a layer's features; `variance`: their mean square about each channel's mean.
    Both are scalars per layer, so that strong channels dominate as they do in Gram matrices.
    """

    teacher: Tensors
    rms: Mapping[str, float]
    variance: Mapping[str, float]
    settings: Settings

    @classmethod
    def of(cls, teacher: Weights, batches: Callable[[int], torch.Tensor], settings: Settings) -> Objective:
        """Measure the teacher's features on STATISTICS_BATCHES batches.

        Raises OptionError for an unknown last layer.
        """
        layers = layers_up_to(teacher.layers, settings.last)
        style, content = vgg.default_layers(list(layers))
        tensors = frozen(layers, settings.device)
        square: dict[str, float] = {}
        spread: dict[str, float] = {}
        for number in range(STATISTICS_BATCHES):
            with torch.no_grad():
                seen = features(tensors, batches(number), {*style, *content})
            for name, value in seen.items():
                square[name] = square.get(name, 0) + value.square().mean().item() / STATISTICS_BATCHES
                spread[name] = spread.get(name, 0) + value.var((0, 2, 3)).mean().item() / STATISTICS_BATCHES
        return cls(tensors, {name: math.sqrt(value) for name, value in square.items()}, spread, settings)

    def teacher_batch(self, pictures: torch.Tensor) -> TeacherBatch:
        """Return a batch of pictures with the teacher's features of it."""
        with torch.no_grad(), self.precision():
            found = features(self.teacher, pictures, self.rms)
        rows = {name: by_positions(value) for name, value in found.items()}
        return TeacherBatch(pictures, rows, {name: products(value, value) for name, value in rows.items()})

    def terms(
        self, student: Student, batch: TeacherBatch
    ) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        """Return for each head the unexplained fraction of variance, and the Gram matrices' relative error.

        Both follow from products over positions, f fᵀ and F fᵀ of the student's features f and the teacher's
        F. The prediction A f of a head A is never computed: it has T/C times as many values as f.
        """
        with self.precision():
            own = student.features(batch.pictures)
        fractions, grams = {}, {}
        for name in student.heads:
            matrix = student.head(name)
            rows = by_positions(own[name])
            predicted = matrix @ products(rows, rows) @ matrix.T
            both = (matrix * products(batch.features[name], rows)).sum((1, 2))
            target = batch.grams[name]
            squares = _trace(predicted) - 2 * both + _trace(target)  # ‖A f − F‖², a number for each crop
            fractions[name] = squares.mean() / (len(matrix) * self.variance[name])
            error = (predicted - target).square().sum((1, 2)) / target.square().sum((1, 2)).clamp(min=1e-9)
            grams[name] = error.mean()
        return fractions, grams

    def precision(self) -> torch.autocast:
        """Return the autocast context of the settings' precision."""
        kind = torch.device(self.settings.device).type
        return torch.autocast(kind, torch.bfloat16, enabled=self.settings.bfloat16)


def by_positions(value: torch.Tensor) -> torch.Tensor:
    """Return features N×C×h×w as N×M×C; a view in channels-last layout."""
    return value.permute(0, 2, 3, 1).flatten(1, 2)


def products(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return oneᵀ other / M, N×C×D, of N×M×C and N×M×D, float32."""
    return (one.transpose(1, 2) @ other).float() / one.shape[1]


def _trace(matrices: torch.Tensor) -> torch.Tensor:
    return matrices.diagonal(dim1=1, dim2=2).sum(1)


def layers_up_to(layers: Layers, last: str) -> Layers:
    """Return a network's layers up to `last`. Raises OptionError where it has no such layer."""
    names = list(layers)
    if last not in names:
        raise OptionError(f"the teacher has no layer {last!r}", f"it has {', '.join(names)}")
    return {name: layers[name] for name in names[: names.index(last) + 1]}
