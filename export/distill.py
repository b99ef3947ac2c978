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

from nst_onnx.errors import DeviceError, OptionError
from nst_onnx.models import vgg
from nst_onnx.models.metadata import Preprocessing
from nst_onnx.models.weights import Layers, Weights

from . import beginnings, heads, training_checkpoint
from .lessons import Lesson, Lessons
from .student import Student, Tensors, features, frozen, trainable
from .training_crops import Crops

GRAM = 3.0
"""The weight of the Gram matrices' term beside the features' own."""
WARM_UP = 200  # steps in which the learning rate rises
LOWEST = 0.02  # of the learning rate, at the end
_TRAINING, _STATISTICS, _EVALUATION = range(3)  # streams of random numbers that do not meet
_FIRST_LOOK = 8  # batches from which the statistics and the first heads come

Report = Callable[[int, Mapping[str, float]], None]
Rounds = Callable[[int, Student | None], Crops]
"""What to learn from in a round, by its number and the student as it is when the round begins.

Round 0 begins with the training. None stands for a student of old: what was painted with it must be kept.
"""


@dataclass(frozen=True)
class Settings:
    """What a run depends on besides its teacher and its pictures.

    `channels` of each layer; none: `width` times the teacher's. `last`: the layer to end with. `looks`: how
    often each batch is looked at. `rounds`: how often pictures are painted with the student to learn from.
    """

    width: float = 0.375
    channels: tuple[int, ...] = ()
    last: str = "conv3_4"
    steps: int = 20_000
    batch: int = 16
    looks: int = 3
    learning_rate: float = 1.2e-3
    rounds: int = 0
    seed: int = 0
    bfloat16: bool = False
    device: str = "cpu"

    def check(self) -> None:
        """Raise OptionError or DeviceError where a setting makes no sense."""
        if not 0 < self.width <= 1:
            raise OptionError(f"--width must be above 0 and at most 1, not {self.width:g}")
        if min(self.steps, self.batch, self.looks) < 1 or not self.learning_rate > 0:
            raise OptionError("--steps, --batch, --looks and --learning-rate must be positive")
        if not 0 <= self.rounds < self.steps:
            raise OptionError("--rounds must be fewer than --steps, and none below 0")
        try:
            torch.zeros(1, device=self.device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise DeviceError(f"PyTorch cannot use {self.device!r}: {reason}", "try cpu or cuda") from error

    def round_of(self, step: int) -> int:
        """Return which round a step belongs to, of `rounds` + 1 of the same length."""
        return step * (self.rounds + 1) // self.steps

    def opens_round(self, step: int) -> bool:
        """Return whether a round begins with this step."""
        return step == 0 or self.round_of(step) > self.round_of(step - 1)


@dataclass(frozen=True)
class Distilled:
    """A trained network: its layers, the heads' read-outs (`export.heads`), and what is left unexplained."""

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


@dataclass(frozen=True)
class Objective:
    """The loss, at the layers of `size`.

    `size`: the root mean square of a layer's features, `variance`: their mean square about each channel's
    mean. Both are numbers for whole layers, so that strong channels count as much as in Gram matrices.
    Heads tell features in units of their size.
    """

    teacher: Tensors
    size: Mapping[str, float]
    variance: Mapping[str, float]
    settings: Settings

    @classmethod
    def of(cls, teacher: Weights, batches: Callable[[int], Any], settings: Settings) -> Objective:
        """Measure the teacher's features on a few batches. Raises OptionError for an unknown last layer."""
        layers = _beginning(teacher.layers, settings.last)
        style, content = vgg.default_layers(list(layers))
        tensors = frozen(layers, settings.device)
        square: dict[str, float] = {}
        spread: dict[str, float] = {}
        for number in range(_FIRST_LOOK):
            with torch.no_grad():
                seen = features(tensors, batches(number), {*style, *content})
            for name, value in seen.items():
                square[name] = square.get(name, 0) + value.square().mean().item() / _FIRST_LOOK
                spread[name] = spread.get(name, 0) + value.var((0, 2, 3)).mean().item() / _FIRST_LOOK
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
        for name, head in student.heads.items():
            matrix = head[:, :, 0, 0] * self.size[name]
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


def distill(
    teacher: Weights,
    rounds: Rounds,
    settings: Settings,
    *,
    checkpoint: Path | None = None,
    save_every: int = 500,
    start: Layers | None = None,
    report: Report = lambda step, unexplained: None,
) -> Distilled:
    """Train a student.

    `checkpoint` is written every `save_every` steps, where a round begins and at the end, and continued from
    where it exists: on the CPU the result is then the same as without the break. `start`: another network to
    begin with, of any number of channels. `report` is called after each step with the steps done and running
    averages of the unexplained fractions. Raises ModelError, OptionError, DeviceError.
    """
    settings.check()
    first = rounds(0, None)
    batches = Batches(teacher.preprocessing, settings)
    objective = Objective.of(teacher, partial(batches, first, stream=_STATISTICS), settings)
    student = _new_student(teacher, objective, partial(batches, first, stream=_STATISTICS), start)
    optimiser = torch.optim.AdamW(student.parameters(), lr=settings.learning_rate, weight_decay=1e-5)
    step = 0
    if checkpoint is not None and checkpoint.exists():
        step = training_checkpoint.resume(checkpoint, student, optimiser, asdict(settings))
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
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, settings)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        for name, fraction in fractions.items():
            average[name] = 0.98 * average.get(name, fraction.item()) + 0.02 * fraction.item()
        report(step, average)
        if checkpoint is not None and (
            step % save_every == 0 or step == settings.steps or settings.opens_round(step)
        ):
            training_checkpoint.write(checkpoint, student, optimiser, step, asdict(settings))
    unseen = [objective.lesson(batches(first, number, _EVALUATION)) for number in range(_FIRST_LOOK)]
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
    layers = _beginning(teacher.layers, settings.last)
    matrix, _ = teacher.preprocessing.affine()
    # A picture's standard deviation is about a quarter of its range.
    scale = 0.25 * float(np.abs(matrix).max())
    channels = settings.channels or beginnings.narrowed(layers, settings.width)
    begun = beginnings.untrained(layers, channels, input_scale=scale, seed=settings.seed)
    seen = [batches(number) for number in range(_FIRST_LOOK)]
    if start is not None:
        begun = beginnings.taken_over(start, begun, _energies(start, seen, settings))
    tensors = frozen(begun, settings.device)

    def seen_products(name: str) -> Any:
        for batch in seen:
            with torch.no_grad():
                own = by_positions(features(tensors, batch, {name})[name])
            wanted = objective.lesson(batch).features[name].float() / objective.size[name]
            yield products(own, own).sum(0).cpu().numpy(), products(wanted, own).sum(0).cpu().numpy()

    first = {name: heads.least_squares(seen_products(name)) for name in objective.size}
    return trainable(begun, first, input_scale=scale, device=settings.device)


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


def by_positions(value: Any) -> Any:
    """Return features N×C×h×w as N×M×C: no copy where channels come last anyway."""
    return value.permute(0, 2, 3, 1).flatten(1, 2)


def products(one: Any, other: Any) -> Any:
    """Return oneᵀ other / M, N×C×D, of N×M×C and N×M×D, float32."""
    return (one.transpose(1, 2) @ other).float() / one.shape[1]


def _trace(matrices: Any) -> Any:
    return matrices.diagonal(dim1=1, dim2=2).sum(1)


def _beginning(layers: Layers, last: str) -> Layers:
    names = list(layers)
    if last not in names:
        raise OptionError(f"the teacher has no layer {last!r}", f"it has {', '.join(names)}")
    return {name: layers[name] for name in names[: names.index(last) + 1]}
