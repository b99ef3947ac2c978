"""Pictures through pipes: ``-`` for standard input and output, ``/dev/stdin``, and what ``<(…)`` names."""

from __future__ import annotations

import stat
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from nst_onnx.cli.errors import UsageError
from nst_onnx.errors import PictureError
from nst_onnx.support.library_errors import system_reason

STANDARD = "-"
FORMATS = ("png", "jpg", "tif", "webp")
_STANDARD_INPUT = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
_LARGEST = 1 << 31  # bytes of a picture from a pipe


def sources(names: Iterable[str]) -> list[str | bytes]:
    """Return each name of a picture as it is, or what the pipe that it names holds.

    Raises UsageError where standard input is given twice, or is a terminal; PictureError where a pipe is
    empty, or does not end within 2 GiB.
    """
    given = list(names)
    if given.count(STANDARD) > 1:
        raise UsageError("standard input can be only one of the pictures", "give the others as files")
    return [_content(name) if is_pipe(name) else name for name in given]


def is_pipe(name: str) -> bool:
    """Whether a name means standard input, or a pipe that can be read only once."""
    if name == STANDARD:
        return True
    try:
        mode = Path(name).stat().st_mode
    except (OSError, ValueError):  # reading it will say why
        return False
    terminal = stat.S_ISCHR(mode) and name in _STANDARD_INPUT
    return stat.S_ISFIFO(mode) or (stat.S_ISSOCK(mode) and name in _STANDARD_INPUT) or terminal


def _content(name: str) -> bytes:
    label = "standard input" if name == STANDARD else name
    try:
        if name == STANDARD or not stat.S_ISFIFO(Path(name).stat().st_mode):
            if sys.stdin.isatty():
                raise UsageError(f"{label} is a terminal", "give it a picture: nst-onnx … < photo.jpg")
            data = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(_LARGEST + 1)
    except OSError as error:
        raise PictureError(f"cannot read {label}: {system_reason(error)}") from error
    if not data:
        raise PictureError(f"cannot read {label}: it is empty (0 bytes)")
    if len(data) > _LARGEST:
        raise PictureError(f"cannot read {label}: it is larger than 2 GiB", "save it as a file")
    return data


def output_format(output: Path, form: str | None) -> str | None:
    """Return the format of a picture for standard output, None where `output` is a file.

    Raises UsageError for a format that there is not, one that is given with a file, and a terminal.
    """
    if str(output) != STANDARD:
        if form is not None:
            raise UsageError("--format is for standard output, -o -", "the suffix of a file is its format")
        return None
    if form is not None and form not in FORMATS:
        raise UsageError(f"there is no format {form!r}", f"use {', '.join(FORMATS)}")
    if sys.stdout.isatty():
        raise UsageError("standard output is a terminal", "redirect it: nst-onnx … -o - > painted.png")
    return form or FORMATS[0]


def write(form: str, save: Callable[[Path], None]) -> None:
    """Write to standard output what `save` saves to a file of that format."""
    with tempfile.TemporaryDirectory(prefix="nst-onnx-") as folder:
        path = Path(folder) / f"picture.{form}"
        save(path)
        sys.stdout.buffer.write(path.read_bytes())
        sys.stdout.buffer.flush()
