"""Finds the input pictures that file names, glob patterns and folders denote."""

from __future__ import annotations

import glob
import os
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from nst_onnx.errors import OptionError
from nst_onnx.picture import PictureWarning, camera_raw
from nst_onnx.picture.formats import READ


def find(names: Iterable[str | os.PathLike[str]], what: str) -> list[Path]:
    """Return the files that `names` denote, in their order.

    A file name denotes itself, whether the file exists or not; a folder the pictures in it, and a pattern its
    matches, both sorted by name (``**`` matches any number of folders). The name of an existing file is never
    a pattern. `what`: the word for messages, such as "content". Raises OptionError for a folder without
    pictures, a pattern without matches, or no name.
    """
    names = list(names)
    if "" in map(str, names):
        raise OptionError(f"the name of a {what} is empty", "give a path")
    found = [path for name in names for path in _expand(Path(name), what)]
    if not found:
        raise OptionError(f"no {what} given", "give at least one picture, folder or pattern")
    return found


def check_apart(names: Iterable[str | os.PathLike[str]], folder: Path, suffix: str) -> None:
    """Raise OptionError if outputs ``folder/*suffix`` would be inputs of the next run of the same command."""
    for name in map(Path, names):
        if name.exists() and not name.is_dir():
            continue
        for path in _expand(name, "picture"):
            if path.parent.resolve() == folder.resolve() and path.suffix.lower() == suffix.lower():
                raise OptionError(
                    f"{name} would find the results in {folder} the next time", "write to another folder"
                )


def _expand(name: Path, what: str) -> Iterator[Path]:
    if name.is_dir():
        yield from _files(_pictures(name), f"there is no picture in the folder {name}", "give another folder")
    elif glob.has_magic(str(name)) and not name.exists():
        matches = map(Path, glob.glob(str(name), recursive=True))  # noqa: PTH207 (Path.glob rejects absolute patterns)
        yield from _files(matches, f"no {what} matches {name}", "check the pattern")
    else:
        yield name


def _pictures(folder: Path) -> list[Path]:
    """Return the files of a folder that can be read as pictures; a PictureWarning names those that cannot.

    A camera's raw file is left out without a word where the same picture lies beside it in another format.
    """
    visible = [path for path in folder.iterdir() if not path.name.startswith(".")]
    known = [path for path in visible if path.suffix.lower() in suffixes()]
    names = {path.stem.lower() for path in known}
    raw = [
        path
        for path in visible
        if path.suffix.lower() in camera_raw.SUFFIXES and path.stem.lower() not in names
    ]
    if camera_raw.is_available():
        return known + raw
    if raw:
        more = len(raw) - 1
        others = f" and {more} other{'s' * (more > 1)}" if more else ""
        warnings.warn(
            f"passed over {min(raw)}{others}: a camera's raw file; {camera_raw.DEVELOP}",
            PictureWarning,
            stacklevel=2,
        )
    return known


def _files(paths: Iterable[Path], message: str, hint: str) -> list[Path]:
    files = sorted(path for path in paths if path.is_file())
    if not files:
        raise OptionError(message, hint)
    return files


@cache
def suffixes() -> frozenset[str]:
    """Return the suffixes of readable picture formats, in lower case."""
    from PIL import Image

    pillows = {suffix for suffix, form in Image.registered_extensions().items() if form in READ}
    return frozenset(pillows | {".heic", ".heif", ".hif", ".jxl", ".psb"})
