"""Feature distillation: trains a narrow student whose features predict a teacher's.

The student has the teacher's layers with fewer channels. At the layers that style transfer uses, a linear
head predicts the teacher's features from the student's. The loss has two terms for each of these layers: the
unexplained fraction of the features' variance, and the relative error of the predicted features' Gram
matrices. Part of the training pictures are painted with the student itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from nst_onnx.errors import OptionError
from nst_onnx.models.metadata import Preprocessing
from nst_onnx.models.weights import Layers, Weights

from . import checkpoint as training_checkpoint
from . import heads, initial_weights
from .batches import ReplayBuffer, TeacherBatch
from .crops import Crops
from .loss import GRAM, STATISTICS_BATCHES, Objective, by_positions, layers_up_to, products
from .settings import Settings
from .student import Student, features, frozen, trainable

WARM_UP = 200  # steps in which the learning rate rises
LOWEST = 0.02  # of the learning rate, at the end
_TRAINING, _STATISTICS, _EVALUATION = range(3)  # independent streams of random numbers

Report = Callable[[int, Mapping[str, float]], None]
Rounds = Callable[[int, Student | None], Crops]
"""Crops of a round, from its number and the student at its start.

Round 0 starts with the training. Without a student (None), the round's paintings must exist already.
"""


@dataclass(frozen=True)
class DistilledNetwork:
    """A trained network: its layers, its read-outs (`export.distil.heads`), and the residual loss."""

    layers: Layers
    read_outs: dict[str, np.ndarray]
    unexplained: dict[str, float]


@dataclass(frozen=True)
class CropBatches:
    """Preprocessed crops; a batch is a function of the seed and its number, so that runs can resume."""

    preprocessing: Preprocessing
    settings: Settings

    def __call__(self, crops: Crops, number: int, stream: int = _TRAINING) -> torch.Tensor:
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
    on_resume: Callable[[int], None] = lambda step: None,
) -> DistilledNetwork:
    """Train a student.

    `checkpoint` is written every `save_every` steps, at the start of a round and at the end. Where it exists,
    the run resumes from it, on the CPU with the same result as an uninterrupted one, and `on_resume` receives
    the number of completed steps. `start`: a network with the same first layers, of any widths. `report` is
    called after each step with the number of steps and running averages of the unexplained fractions. Raises
    ModelError, OptionError, DeviceError.
    """
    settings.check()
    first = rounds(0, None)
    batches = CropBatches(teacher.preprocessing, settings)
    objective = Objective.of(teacher, partial(batches, first, stream=_STATISTICS), settings)
    student = _initial_student(teacher, objective, partial(batches, first, stream=_STATISTICS), start)
    optimiser = torch.optim.AdamW(student.parameters(), lr=settings.learning_rate, weight_decay=1e-5)
    step = 0
    run = {**asdict(settings), "teacher": teacher.sha256, "set of pictures": first.digest()}
    if checkpoint is not None and checkpoint.exists():
        step = training_checkpoint.resume(checkpoint, student, optimiser, run)
        on_resume(step)
    crops = {0: first}

    def batch(number: int) -> TeacherBatch:
        own = settings.round_of(number * settings.looks)
        if own not in crops:
            crops[own] = rounds(own, None)
        return objective.teacher_batch(batches(crops[own], number))

    replay = ReplayBuffer(batch, settings.looks, settings.seed)
    average: dict[str, float] = {}
    while step < settings.steps:
        if settings.opens_round(step) and step > 0:
            crops[settings.round_of(step)] = rounds(settings.round_of(step), student)
        fractions, grams = objective.terms(student, replay(step))
        loss = sum(fractions[name] + GRAM * grams[name] for name in fractions)
        if not math.isfinite(loss.item()):
            raise OptionError(f"the training diverged at step {step}", "choose a lower --learning-rate")
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
    unseen = [
        objective.teacher_batch(batches(first, number, _EVALUATION)) for number in range(STATISTICS_BATCHES)
    ]
    return DistilledNetwork(student.arrays(), read_outs(student), _evaluate(objective, student, unseen))


def learning_rate(step: int, settings: Settings) -> float:
    """Return the learning rate of a step: linear warm-up over 200 steps, then cosine decay to 2 %."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return settings.learning_rate * min(1.0, (step + 1) / WARM_UP) * (LOWEST + (1 - LOWEST) * cosine)


def read_outs(student: Student) -> dict[str, np.ndarray]:
    """Return the read-out of each head."""
    return {name: heads.read_out(head) for name, head in student.head_matrices().items()}


def _initial_student(
    teacher: Weights, objective: Objective, batches: Callable[[int], torch.Tensor], start: Layers | None
) -> Student:
    """Return the initial student, its heads fitted by least squares to the untrained layers."""
    settings = objective.settings
    layers = layers_up_to(teacher.layers, settings.last)
    matrix, _ = teacher.preprocessing.affine()
    # A picture's standard deviation is about a quarter of its range.
    scale = 0.25 * float(np.abs(matrix).max())
    channels = settings.channels or initial_weights.scaled_channels(layers, settings.width)
    initial = initial_weights.he_normal(layers, channels, input_scale=scale, seed=settings.seed)
    seen = [batches(number) for number in range(STATISTICS_BATCHES)]
    if start is not None:
        initial = initial_weights.transferred(start, initial, _energies(start, seen, settings))
    tensors = frozen(initial, settings.device)

    def products_of(name: str) -> Iterator[tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]]:
        for batch in seen:
            with torch.no_grad():
                own = by_positions(features(tensors, batch, {name})[name])
            target = objective.teacher_batch(batch).features[name].float()
            yield products(own, own).sum(0).cpu().numpy(), products(target, own).sum(0).cpu().numpy()

    fitted = {name: heads.least_squares(products_of(name)) for name in objective.rms}
    return trainable(initial, fitted, objective.rms, input_scale=scale, device=settings.device)


def _energies(layers: Layers, batches: list[torch.Tensor], settings: Settings) -> dict[str, np.ndarray]:
    """Return the mean square of each channel of each layer."""
    tensors = frozen(layers, settings.device)
    with torch.no_grad():
        seen = [features(tensors, batch) for batch in batches]
    return {
        name: np.mean([found[name].square().mean((0, 2, 3)).cpu().numpy() for found in seen], axis=0)
        for name in layers
    }


def _evaluate(objective: Objective, student: Student, batches: list[TeacherBatch]) -> dict[str, float]:
    """Return the unexplained fractions over batches that were not trained on."""
    with torch.no_grad():
        found = [objective.terms(student, batch)[0] for batch in batches]
    return {name: sum(one[name].item() for one in found) / len(found) for name in found[0]}
