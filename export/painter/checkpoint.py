"""Checkpoint file of a painter's training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from nst_onnx.errors import ModelError, OptionError
from nst_onnx.support import atomic_files, library_errors

from .network import Painter


def write(
    path: Path, painter: Painter, optimiser: torch.optim.Optimizer, step: int, settings: Mapping[str, object]
) -> None:
    """Write a run's state to `path`, atomically. Raises ModelError."""
    state = {
        "settings": dict(settings),
        "step": step,
        "painter": painter.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    try:
        with atomic_files.replacing(path) as file:
            torch.save(state, file)
    except (OSError, RuntimeError) as error:
        raise ModelError(f"the checkpoint {path} cannot be written: {library_errors.of(error)}") from error


def resume(
    path: Path, painter: Painter, optimiser: torch.optim.Optimizer, settings: Mapping[str, object]
) -> int:
    """Restore `painter` and `optimiser` from `path`; return the number of completed steps.

    Raises OptionError where it was run with other settings, ModelError where it is no checkpoint.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        missing = {"settings", "step", "painter", "optimiser"} - state.keys()
    except Exception as error:  # pickle, zipfile and torch raise many kinds
        raise ModelError(f"{path} is not a checkpoint", "give a file written by --checkpoint") from error
    if missing:
        raise ModelError(f"{path} is not a checkpoint: it lacks {', '.join(sorted(missing))}")
    differing = [name for name, value in settings.items() if state["settings"].get(name) != value]
    if differing:
        raise OptionError(
            f"{path} is from a run with another {' and another '.join(differing)}",
            "give the same settings, or another checkpoint file",
        )
    painter.load_state_dict(state["painter"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])
