"""Distillation: a narrow network that learns to carry what a teacher's features carry.

The student has the teacher's layers with fewer channels. At the layers that style transfer looks at, a linear
head has to tell the teacher's features from the student's. The loss has two terms for each of these layers:
the fraction of the features' variance that stays unexplained, and how far the Gram matrices of the features
told are from the teacher's. Some of the lessons are pictures that were painted with the student itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nst_onnx.errors import OptionError
from nst_onnx.models.metadata import Preprocessing
from nst_onnx.models.weights import Layers, Weights

from . import checkpoint as training_checkpoint
from . import heads, initial_weights
from .batches import Lesson, Lessons
from .crops import Crops
from .loss import FIRST_LOOK, GRAM, Objective, beginning, by_positions, products
from .settings import Settings
from .student import Student, features, frozen, trainable

WARM_UP = 200  # steps in which the learning rate rises
LOWEST = 0.02  # of the learning rate, at the end
_TRAINING, _STATISTICS, _EVALUATION = range(3)  # streams of random numbers that do not meet

Report = Callable[[int, Mapping[str, float]], None]
Rounds = Callable[[int, Student | None], Crops]
"""What to learn from in a round, by its number and the student as it is when the round begins.

Round 0 begins with the training. None stands for a student of old: what was painted with it must be kept.
"""


@dataclass(frozen=True)
class Distilled:
    """A trained network: its layers, its read-outs (`export.distil.heads`), and the residual loss."""

    layers: Layers
    read_outs: dict[str, np.ndarray]
    unexplained: dict[str, float]


@dataclass(frozen=True)
class Batches:
    """Preprocessed crops. Each batch depends on the seed and its number alone, so that runs can resume."""

    preprocessing: Preprocessing
    settings: Settings

    def __call__(self, crops: Crops, number: int, stream: int = _TRAINING) -> Any:
        """Return batch `number`: a float32 tensor N×3×side×side in the teacher's domain."""
        rng = np.random.default_rng([self.settings.seed, stream, number])
        matrix, offset = self.preprocessing.affine()
        pictures = crops.batch(self.settings.batch, rng)
        mixed = np.einsum("ij,njhw->nihw", matrix, pictures) + offset[:, None, None]
        tensor = torch.from_numpy(mixed.astype(np.float32)).to(self.settings.device)
        return tensor.contiguous(memory_format=torch.channels_last)


def distill(
    teacher: Weights,
    rounds: Rounds,
    settings: Settings,
    *,
    checkpoint: Path | None = None,
    save_every: int = 500,
    start: Layers | None = None,
    report: Report = lambda step, unexplained: None,
    resumed: Callable[[int], None] = lambda step: None,
) -> Distilled:
    """Train a student.

    `checkpoint` is written every `save_every` steps, where a round begins and at the end, and continued from
    where it exists: on the CPU the result is then the same as without the break; `resumed` is told the steps
    that it has done. `start`: another network to begin with, of any number of channels. `report` is called
    after each step with the steps done and running averages of the unexplained fractions. Raises ModelError,
    OptionError, DeviceError.
    """
    settings.check()
    first = rounds(0, None)
    batches = Batches(teacher.preprocessing, settings)
    objective = Objective.of(teacher, partial(batches, first, stream=_STATISTICS), settings)
    student = _new_student(teacher, objective, partial(batches, first, stream=_STATISTICS), start)
    optimiser = torch.optim.AdamW(student.parameters(), lr=settings.learning_rate, weight_decay=1e-5)
    step = 0
    run = {**asdict(settings), "teacher": teacher.sha256, "set of pictures": first.digest()}
    if checkpoint is not None and checkpoint.exists():
        step = training_checkpoint.resume(checkpoint, student, optimiser, run)
        resumed(step)
    crops = {0: first}

    def lesson(number: int) -> Lesson:
        own = settings.round_of(number * settings.looks)
        if own not in crops:
            crops[own] = rounds(own, None)
        return objective.lesson(batches(crops[own], number))

    lessons = Lessons(lesson, settings.looks, settings.seed)
    average: dict[str, float] = {}
    while step < settings.steps:
        if settings.opens_round(step) and step > 0:
            crops[settings.round_of(step)] = rounds(settings.round_of(step), student)
        fractions, grams = objective.terms(student, lessons(step))
        loss = sum(fractions[name] + GRAM * grams[name] for name in fractions)
        if not math.isfinite(loss.item()):
            raise OptionError(f"the training came apart at step {step}", "choose a lower --learning-rate")
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, settings)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        for name, fraction in fractions.items():
            average[name] = 0.98 * average.get(name, fraction.item()) + 0.02 * fraction.item()
        report(step, average)
        if checkpoint is not None and (step % save_every == 0 or settings.opens_round(step)):
            training_checkpoint.write(checkpoint, student, optimiser, step, run)
    unseen = [objective.lesson(batches(first, number, _EVALUATION)) for number in range(FIRST_LOOK)]
    return Distilled(student.arrays(), read_outs(student), _evaluate(objective, student, unseen))


def learning_rate(step: int, settings: Settings) -> float:
    """Return the size of a step: rising over the first 200, then falling with a cosine to 2%."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return settings.learning_rate * min(1.0, (step + 1) / WARM_UP) * (LOWEST + (1 - LOWEST) * cosine)


def read_outs(student: Student) -> dict[str, np.ndarray]:
    """Return the read-out of each head."""
    return {name: heads.read_out(head) for name, head in student.head_matrices().items()}


def _new_student(
    teacher: Weights, objective: Objective, batches: Callable[[int], Any], start: Layers | None
) -> Student:
    """Return a student whose heads say the best they can of layers that are yet to be trained."""
    settings = objective.settings
    layers = beginning(teacher.layers, settings.last)
    matrix, _ = teacher.preprocessing.affine()
    # A picture's standard deviation is about a quarter of its range.
    scale = 0.25 * float(np.abs(matrix).max())
    channels = settings.channels or initial_weights.narrowed(layers, settings.width)
    begun = initial_weights.untrained(layers, channels, input_scale=scale, seed=settings.seed)
    seen = [batches(number) for number in range(FIRST_LOOK)]
    if start is not None:
        begun = initial_weights.taken_over(start, begun, _energies(start, seen, settings))
    tensors = frozen(begun, settings.device)

    def seen_products(name: str) -> Any:
        for batch in seen:
            with torch.no_grad():
                own = by_positions(features(tensors, batch, {name})[name])
            wanted = objective.lesson(batch).features[name].float()
            yield products(own, own).sum(0).cpu().numpy(), products(wanted, own).sum(0).cpu().numpy()

    first = {name: heads.least_squares(seen_products(name)) for name in objective.size}
    return trainable(begun, first, objective.size, input_scale=scale, device=settings.device)


def _energies(layers: Layers, batches: list[Any], settings: Settings) -> dict[str, np.ndarray]:
    """Return the mean square of each channel of each layer."""
    tensors = frozen(layers, settings.device)
    with torch.no_grad():
        seen = [features(tensors, batch) for batch in batches]
    return {
        name: np.mean([found[name].square().mean((0, 2, 3)).cpu().numpy() for found in seen], axis=0)
        for name in layers
    }


def _evaluate(objective: Objective, student: Student, lessons: list[Lesson]) -> dict[str, float]:
    """Return the unexplained fractions over lessons that were not trained on."""
    with torch.no_grad():
        seen = [objective.terms(student, lesson)[0] for lesson in lessons]
    return {name: sum(s[name].item() for s in seen) / len(seen) for name in seen[0]}
