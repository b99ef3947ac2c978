"""Checkpoint file of a training run: a dictionary that torch writes, with the run's settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any  # what a checkpoint contains, as torch.load returns it

import torch

from nst_onnx.errors import DeviceError, ModelError, OptionError
from nst_onnx.support import atomic_files, library_errors


def write(path: Path, state: Mapping[str, object]) -> None:
    """Write a run's state to `path`, atomically. Raises ModelError."""
    try:
        with atomic_files.replacing(path) as file:
            torch.save(dict(state), file)
    except (OSError, RuntimeError) as error:
        raise ModelError(f"the checkpoint {path} cannot be written: {library_errors.of(error)}") from error


def read(path: Path, settings: Mapping[str, object], parts: set[str]) -> Mapping[str, Any]:
    """Return the state in `path`, which has `parts`, settings among them.

    Raises OptionError where it was run with other settings, ModelError where it is no checkpoint.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        missing = {"settings", *parts} - state.keys()
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
    return dict(state)


def check_device(device: str) -> None:
    """Raise DeviceError where PyTorch cannot use a device."""
    try:
        torch.zeros(1, device=device).item()  # "meta" has no values
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DeviceError(f"PyTorch cannot use {device!r}: {reason}", "try cpu or cuda") from error
