"""Checkpoint file of a training run: student, optimiser state, step and settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any  # what a checkpoint contains, as torch.load returns it

import torch

from nst_onnx.errors import OptionError

from .. import training_state
from .student import Student


def write(
    path: Path,
    student: Student,
    optimiser: torch.optim.Optimizer,
    step: int,
    settings: Mapping[str, object],
) -> None:
    """Write a run's state to `path`, atomically. Raises ModelError."""
    state = {
        "settings": dict(settings),
        "step": step,
        "layers": {name: list(pair) for name, pair in student.layers.items()},
        "heads": dict(student.heads),
        "optimiser": optimiser.state_dict(),
    }
    training_state.write(path, state)


def resume(
    path: Path, student: Student, optimiser: torch.optim.Optimizer, settings: Mapping[str, object]
) -> int:
    """Restore `student` and `optimiser` from `path`; return the number of completed steps.

    Raises OptionError where it was run with other settings, ModelError where it is no checkpoint.
    """
    state = training_state.read(path, settings, {"step", "layers", "heads", "optimiser"})
    _copy(state, student, path)
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])


def _copy(state: Mapping[str, Any], student: Student, path: Path) -> None:
    saved = _tensors(state["layers"], state["heads"])
    own = _tensors(student.layers, student.heads)
    if own.keys() != saved.keys() or any(own[name].shape != saved[name].shape for name in own):
        raise OptionError(f"{path} holds a network of another shape", "check --width, --channels and --last")
    for name, tensor in own.items():
        tensor.data.copy_(saved[name])


def _tensors(layers: Mapping[str, Any], heads: Mapping[str, Any]) -> dict[str, Any]:
    parts = {f"{name}/{part}": tensor for name, pair in layers.items() for part, tensor in enumerate(pair)}
    return parts | {f"{name}/head": tensor for name, tensor in heads.items()}
