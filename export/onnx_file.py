"""Atomic writing of checked ONNX files."""

from __future__ import annotations

from pathlib import Path

import onnx

from nst_onnx.cli import output_checks
from nst_onnx.errors import ModelError, OptionError
from nst_onnx.support import atomic_files, library_errors
from nst_onnx.support.library_errors import system_reason


def check_writable(path: Path, suffix: str = ".onnx") -> None:
    """Raise OptionError where `path` cannot be written or has another suffix; called before the work."""
    if path.suffix.lower() != suffix:
        raise OptionError(f"{path} does not end in {suffix}", f"name it {path.with_suffix(suffix).name}")
    output_checks.check_writable(path)


def save(model: onnx.ModelProto, path: Path) -> None:
    """Check `model` and write it to `path` atomically.

    Raises ModelError where the model is not valid ONNX or the file cannot be written.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(
            f"the model made for {path} is not valid ONNX: {library_errors.of(error)}"
        ) from error
    try:
        with atomic_files.replacing(path) as file:
            file.write(model.SerializeToString())
    except OSError as error:
        raise ModelError(f"{path} cannot be written: {system_reason(error)}") from error
