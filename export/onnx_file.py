"""Writing ONNX files: whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import onnx

from nst_onnx.errors import ModelError


def save(model: onnx.ModelProto, path: Path) -> None:
    """Check `model` and write it to `path`, replacing what was there only once it is complete.

    Raises ModelError where the model is not valid ONNX or the file cannot be written.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ModelError(f"the model made for {path} is not valid ONNX: {error}") from error
    try:
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(model.SerializeToString())
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        Path(beside).unlink(missing_ok=True)


def check_writable(path: Path, suffix: str = ".onnx") -> None:
    """Raise ModelError where writing `path` is bound to fail, before any work is done."""
    if path.suffix.lower() != suffix:
        raise ModelError(f"{path} does not end in {suffix}", f"name the output like {path.stem}{suffix}")
    if path.is_dir():
        raise ModelError(f"{path} is a folder", "name a file in it")
    if not path.parent.is_dir():
        raise ModelError(f"the folder {path.parent} does not exist", "make it first")
    if not os.access(path.parent, os.W_OK):
        raise ModelError(f"the folder {path.parent} cannot be written to", "choose another")


def _unwritable(path: Path, error: OSError) -> ModelError:
    return ModelError(f"{path} cannot be written: {error.strerror or error}", "choose another place")
