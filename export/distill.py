"""Distillation: a narrow network that learns to carry what a teacher's features carry.

The student has the teacher's layers at a fraction of their width. At some layers a linear map (a 1×1
convolution, dropped afterwards) has to compute the teacher's features from the student's; the loss is
the fraction of the features' variance that it leaves unexplained. Where a linear map A ties features
together, F_teacher = A F_student, their Gram matrices are tied too: G_teacher = A G_student Aᵀ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from nst_onnx.errors import DeviceError, OptionError
from nst_onnx.models.metadata import Preprocessing
from nst_onnx.models.weights import Layers, Weights, block

from . import training_checkpoint
from .student import Student, Tensors, features, frozen, untrained
from .training_crops import Crops

# The layers with heads, and the weight of each in the loss.
MATCHED = {"conv1_1": 1.0, "conv2_1": 1.0, "conv3_1": 1.5, "conv3_2": 0.5, "conv3_4": 1.5}
WARM_UP = 200  # steps in which the learning rate rises
LOWEST = 0.02  # of the learning rate, at the end
_TRAINING, _STATISTICS, _EVALUATION = range(3)  # streams of random numbers that do not meet

Report = Callable[[int, Mapping[str, float]], None]


@dataclass(frozen=True)
class Settings:
    """What a run depends on besides its teacher and its pictures."""

    width: float = 0.375
    blocks: int = 3
    steps: int = 20_000
    batch: int = 16
    learning_rate: float = 1.2e-3
    seed: int = 0
    bfloat16: bool = False
    device: str = "cpu"

    def check(self) -> None:
        """Raise OptionError or DeviceError where a setting makes no sense."""
        if not 0 < self.width <= 1:
            raise OptionError(f"--width must be above 0 and at most 1, not {self.width:g}")
        if min(self.blocks, self.steps, self.batch) < 1 or not self.learning_rate > 0:
            raise OptionError("--blocks, --steps, --batch and --learning-rate must be positive")
        try:
            torch.zeros(1, device=self.device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise DeviceError(f"PyTorch cannot use {self.device!r}: {reason}", "try cpu or cuda") from error


@dataclass(frozen=True)
class Batches:
    """Preprocessed crops. Each batch depends on the seed and its number alone, so that runs can resume."""

    crops: Crops
    preprocessing: Preprocessing
    settings: Settings

    def __call__(self, number: int, stream: int = _TRAINING) -> Any:
        """Return batch `number`: a float32 tensor N×3×side×side in the teacher's domain."""
        rng = np.random.default_rng([self.settings.seed, stream, number])
        matrix, offset = self.preprocessing.affine()
        pictures = self.crops.batch(self.settings.batch, rng)
        mixed = np.einsum("ij,njhw->nihw", matrix, pictures) + offset[:, None, None]
        tensor = torch.from_numpy(mixed.astype(np.float32)).to(self.settings.device)
        return tensor.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Objective:
    """The loss: how much of the teacher's features the student leaves unexplained.

    The heads guess features less their `mean` and over their `std` (1×C×1×1 for each matched layer),
    because VGG's own run into the thousands, where Adam's steps of a thousandth take long to get.
    """

    teacher: Tensors
    mean: Mapping[str, Any]
    std: Mapping[str, Any]
    settings: Settings

    @classmethod
    def of(cls, teacher: Weights, batches: Batches, settings: Settings) -> Objective:
        """Measure the teacher's features on four batches."""
        layers = frozen(_beginning(teacher.layers, settings.blocks), settings.device)
        seen = [features(layers, batches(i, _STATISTICS)) for i in range(4)]
        mean, std = {}, {}
        for name in MATCHED.keys() & layers.keys():
            values = torch.cat([found[name] for found in seen])
            mean[name] = values.mean((0, 2, 3), keepdim=True)
            std[name] = values.std((0, 2, 3), keepdim=True)
        return cls(layers, mean, std, settings)

    def unexplained(self, student: Student, batch: Any) -> dict[str, Any]:
        """Return for each head its mean squared error over the teacher's variance."""
        kind = torch.device(self.settings.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self.settings.bfloat16):
            with torch.no_grad():
                wanted = features(self.teacher, batch)
            own = student.features(batch)
            guessed = {name: functional.conv2d(own[name], *head) for name, head in student.heads.items()}
        fractions = {}
        for name, guess in guessed.items():
            error = self.mean[name] + self.std[name] * guess.float() - wanted[name].float()
            fractions[name] = error.square().mean() / self.std[name].square().mean()
        return fractions


def distill(
    teacher: Weights,
    crops: Crops,
    settings: Settings,
    *,
    checkpoint: Path | None = None,
    save_every: int = 500,
    start: Path | None = None,
    report: Report = lambda step, unexplained: None,
) -> tuple[Layers, dict[str, float]]:
    """Train a student; return its layers and the fraction of variance it leaves unexplained at each head.

    `checkpoint` is written every `save_every` steps and at the end, and continued from where it exists:
    on the CPU the result is then the same as without the break. `start` is another run's checkpoint
    to take the first weights from. `report` is called after each step with the steps done and running
    averages of the unexplained fractions. Raises ModelError, OptionError, DeviceError.
    """
    settings.check()
    batches = Batches(crops, teacher.preprocessing, settings)
    objective = Objective.of(teacher, batches, settings)
    student = _new_student(teacher, objective, settings)
    optimiser = torch.optim.AdamW(student.parameters(), lr=settings.learning_rate, weight_decay=1e-5)
    step = 0
    if checkpoint is not None and checkpoint.exists():
        step = training_checkpoint.resume(checkpoint, student, optimiser, asdict(settings))
    elif start is not None:
        training_checkpoint.load_weights(start, student)
    average: dict[str, float] = {}
    while step < settings.steps:
        unexplained = objective.unexplained(student, batches(step))
        loss = sum(MATCHED[name] * fraction for name, fraction in unexplained.items())
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, settings)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        for name, fraction in unexplained.items():
            average[name] = 0.98 * average.get(name, fraction.item()) + 0.02 * fraction.item()
        report(step, average)
        if checkpoint is not None and (step % save_every == 0 or step == settings.steps):
            training_checkpoint.write(checkpoint, student, optimiser, step, asdict(settings))
    return student.arrays(), _evaluate(objective, student, batches)


def learning_rate(step: int, settings: Settings) -> float:
    """Return the size of a step: rising over the first 200, then falling with a cosine to 2%."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return settings.learning_rate * min(1.0, (step + 1) / WARM_UP) * (LOWEST + (1 - LOWEST) * cosine)


def _new_student(teacher: Weights, objective: Objective, settings: Settings) -> Student:
    matrix, _ = teacher.preprocessing.affine()
    return untrained(
        _beginning(teacher.layers, settings.blocks),
        objective.mean.keys(),
        width=settings.width,
        # A picture's standard deviation is about a quarter of its range.
        input_scale=0.25 * float(np.abs(matrix).max()),
        seed=settings.seed,
        device=settings.device,
    )


def _evaluate(objective: Objective, student: Student, batches: Batches) -> dict[str, float]:
    """Return the unexplained fractions over eight batches that were not trained on."""
    with torch.no_grad():
        seen = [objective.unexplained(student, batches(i, _EVALUATION)) for i in range(8)]
    return {name: sum(s[name].item() for s in seen) / len(seen) for name in seen[0]}


def _beginning(layers: Layers, blocks: int) -> Layers:
    return {name: pair for name, pair in layers.items() if block(name) <= blocks}
