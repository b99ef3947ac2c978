"""Checks, before the work, that a file can be written afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nst_onnx.errors import OptionError
from nst_onnx.support.arguments import resolved
from nst_onnx.support.library_errors import system_reason


def check_writable(path: Path) -> None:
    """Raise OptionError if a file could not be made, or replaced, at `path`; leave nothing behind."""
    from nst_onnx.support.atomic_files import probe

    try:
        if path.is_dir():
            raise OptionError(f"cannot write {path}: it is a folder", "give the name of a file in it")
        if not path.parent.is_dir():
            raise OptionError(f"cannot write {path}: there is no folder {path.parent}", "make it first")
        probe(path)
    except OSError as error:
        raise OptionError(f"cannot write {path}: {system_reason(error)}") from error


def check_apart(outputs: Iterable[Path], inputs: Iterable[str | Path]) -> None:
    """Raise OptionError if two outputs are one file, or an output is one of the inputs."""
    read = {resolved(source) for source in inputs}
    seen: set[Path] = set()
    for path in outputs:
        if resolved(path) in read:
            raise OptionError(f"{path} is an input, and is not written over", "choose another name")
        if resolved(path) in seen:
            raise OptionError(f"{path} is to be written twice", "choose different names")
        seen.add(resolved(path))


def check_new(paths: Iterable[Path]) -> None:
    """Raise OptionError for a file that exists."""
    for path in paths:
        if path.exists():
            raise OptionError(f"{path} exists", "choose another name, or leave out --no-overwrite")
